/** Short words beside what they are about: what went wrong, what was done, what to know. */

import type { ComponentChildren } from "preact";
import type { Problem } from "../api/types";
import { t } from "../state/preferences";
import { Icon } from "./Icon";

/** A problem in a few lines, with the id to quote. */
export function ProblemNote({ problem }: { problem: Problem | null }) {
  if (!problem) return null;
  const heading =
    problem.status === 0 ? t("state.unreachable") : problem.title || problem.detail || t("state.failed");
  return (
    <div class="note note--fail" role="alert">
      <Icon name="cut" />
      <div>
        <p>
          <strong>{heading}</strong>
        </p>
        {problem.detail && problem.detail !== heading && <p>{problem.detail}</p>}
        {problem.hint && <p>{problem.hint}</p>}
        {problem.id && (
          <p>
            {t("state.quote")} <code class="code">{problem.id}</code>
          </p>
        )}
      </div>
    </div>
  );
}

type Tone = "plain" | "look" | "good" | "fail";

export function Note({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  return (
    <div class={`note note--${tone}`} role="status">
      <div>{children}</div>
    </div>
  );
}

/** A word for a state, with a shape so that it does not hang on colour. */
export function Tag({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`tag tag--${tone}`}>{children}</span>;
}

interface ButtonProps {
  busy?: boolean;
  /** What it says while busy. */
  working?: string;
  children: ComponentChildren;
  /** The one filled button of a view. */
  main?: boolean;
  danger?: boolean;
  small?: boolean;
  onClick?: () => void;
  /** Why it cannot be pressed. */
  blocked?: string | undefined;
}

export function Button({ busy, working, children, main, danger, small, onClick, blocked }: ButtonProps) {
  const off = (busy ?? false) || blocked !== undefined;
  const look = ["btn", main && "btn--main", danger && "btn--danger", small && "btn--small"];
  return (
    <button
      class={look.filter(Boolean).join(" ")}
      type={onClick ? "button" : "submit"}
      aria-disabled={off || undefined}
      title={blocked}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onClick?.();
      }}
    >
      {busy ? (working ?? t("state.sending")) : children}
    </button>
  );
}
