/** What the list of jobs and the page of one share. */

import { jobs, type Job, type JobState } from "../../api/work";
import type { MessageKey } from "../../i18n/messages";
import { pick, t } from "../../state/preferences";
import { useSending } from "../../state/reading";
import { Button, ProblemNote, Tag } from "../../ui/Notes";

const TONES: Record<JobState, "plain" | "good" | "look" | "fail"> = {
  accepted: "plain",
  running: "look",
  successful: "good",
  failed: "fail",
  dismissed: "plain",
};

export function StateTag({ state }: { state: JobState }) {
  return <Tag tone={TONES[state]}>{t(`jobs.${state}` as MessageKey)}</Tag>;
}

export const isOver = (job: Job): boolean => job.state !== "accepted" && job.state !== "running";

export function Progress({ job }: { job: Job }) {
  const percent = job.progress === null ? null : Math.round(job.progress * 100);
  const words = pick(job.message, job.message_en);
  if (isOver(job)) return <span class="muted">{words}</span>;
  return (
    <div class="jobprogress">
      <span
        class="progress"
        role="progressbar"
        aria-label={t("jobs.live", { title: pick(job.title || job.kind, job.title_en) })}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent ?? undefined}
      >
        <i style={{ width: `${percent ?? 0}%` }} />
      </span>
      <span class="num">{percent === null ? "" : t("jobs.percent", { n: percent })}</span>
      <span class="muted">{words}</span>
    </div>
  );
}

export function Stop({ job, done, small = false }: { job: Job; done: () => void; small?: boolean }) {
  const sending = useSending();
  if (isOver(job)) return <span class="quiet">–</span>;
  return (
    <>
      <Button
        danger
        small={small}
        busy={sending.busy}
        onClick={() =>
          void sending
            .run(async () => {
              await jobs.stop(job.id);
              return true;
            })
            .then((ok) => ok && done())
        }
      >
        {t("jobs.stop")}
      </Button>
      <ProblemNote problem={sending.problem} />
    </>
  );
}
