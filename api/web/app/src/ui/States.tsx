/** Loading, empty and failed: each says what, why, and what to do. */

import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Problem } from "../api/types";
import { t } from "../state/preferences";
import { Icon } from "./Icon";

const SKELETON_AFTER_MS = 300;

/** Nothing at first; after a moment bars where the rows will be, and a word for those who cannot see them. */
export function Loading({ rows = 4 }: { rows?: number }) {
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!waited) return null;
  return (
    <div class="loading" role="status">
      {Array.from({ length: rows }, (_, index) => (
        <div class="loading__row" key={index} aria-hidden="true">
          <span class="skel" style={{ width: `${46 - (index % 3) * 8}%` }} />
          <span class="skel" style={{ width: "18%" }} />
        </div>
      ))}
      <p class="quiet">{t("state.loading")}</p>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <h3>{title}</h3>
      {children}
    </div>
  );
}

export function Failed({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const { heading, advice } = explain(problem);
  const detail = problem.detail;
  return (
    <div class="state" role="alert">
      <span class="state__mark">
        <Icon name={problem.status === 403 ? "lock" : "cut"} />
      </span>
      <h3>{heading}</h3>
      {detail && <p>{detail}</p>}
      {problem.hint && <p>{problem.hint}</p>}
      {problem.where && <p class="quiet">{t("state.where", { where: problem.where })}</p>}
      <p>{problem.id ? t("state.quote") : advice}</p>
      {problem.id && (
        <p>
          <span class="vh">{t("state.code")}</span>
          <code class="code">{problem.id}</code>
        </p>
      )}
      {retry && (
        <p>
          <button class="btn btn--small" type="button" onClick={retry}>
            {t("state.retry")}
          </button>
        </p>
      )}
    </div>
  );
}

function explain(problem: Problem): { heading: string; advice: string } {
  if (problem.status === 0) return { heading: t("state.unreachable"), advice: t("state.unreachable_hint") };
  if (problem.status === 403) return { heading: t("state.forbidden"), advice: t("state.forbidden_hint") };
  return { heading: problem.title || t("state.failed"), advice: t("state.try_again") };
}
