/** What happened, in order: a line with a mark for each step, hollow where it is still to come. */

import type { ComponentChildren } from "preact";
import { formatDateTime, parseTime } from "../format/time";

export interface Step {
  key: string;
  title: ComponentChildren;
  time: string | null;
  who?: string | undefined;
  body?: ComponentChildren;
  state?: "done" | "now" | "ahead";
}

export function Steps({ steps, label }: { steps: readonly Step[]; label: string }) {
  return (
    <ol class="steps" aria-label={label}>
      {steps.map((step) => (
        <li key={step.key} class={`step step--${step.state ?? "done"}`}>
          <p class="step__head">
            <strong>{step.title}</strong>
            <When time={step.time} />
          </p>
          {step.who && <p class="quiet">{step.who}</p>}
          {step.body}
        </li>
      ))}
    </ol>
  );
}

/** A moment in Viet Nam's clock, also for machines. */
export function When({ time }: { time: string | null | undefined }) {
  const ms = parseTime(time);
  if (ms === null) return null;
  return (
    <time class="num nb quiet" dateTime={new Date(ms).toISOString()}>
      {formatDateTime(ms)}
    </time>
  );
}
