/** One job: how far it is, and what came of it. */

import { jobs, type Job } from "../../api/work";
import { formatNumber } from "../../format/number";
import { formatSpan } from "../../format/time";
import { Frame } from "../../shell/Frame";
import { lang, pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { useRecordNews } from "../../state/records";
import { Link } from "../../ui/Link";
import { Note, ProblemNote } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Facts } from "../../ui/Table";
import { Value } from "../../ui/Value";
import { Progress, StateTag, Stop } from "./parts";

export function JobPage({ id }: { id: string }) {
  const reading = useReading((signal) => jobs.one(id, signal), [id]);
  useRecordNews("job", (keys) => {
    if (keys.size === 0 || keys.has(id)) reading.reload();
  });
  const job = reading.data;
  return (
    <Frame title={job ? pick(job.title || job.kind, job.title_en) : t("jobs.title")}>
      <p class="crumb">
        <Link class="link" to="jobs">
          {t("jobs.back")}
        </Link>
      </p>
      {job ? (
        <Body job={job} reload={reading.reload} />
      ) : reading.problem ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : (
        <Loading />
      )}
    </Frame>
  );
}

function Body({ job, reload }: { job: Job; reload: () => void }) {
  const { memory_mb, cpu_s, time_s } = job.limits;
  const limits = [
    memory_mb && t("jobs.memory", { n: formatNumber(memory_mb, lang.value, 0) }),
    cpu_s && t("jobs.cpu", { span: formatSpan(cpu_s * 1000, lang.value) }),
    time_s && t("jobs.time", { span: formatSpan(time_s * 1000, lang.value) }),
  ].filter(Boolean);
  return (
    <>
      <header class="pagehead">
        <h1>{pick(job.title || job.kind, job.title_en)}</h1>
        <StateTag state={job.state} />
      </header>
      <div aria-live="polite">
        <Progress job={job} />
      </div>
      {job.state === "dismissed" && <Note>{t("jobs.stopped")}</Note>}
      {job.state === "accepted" || job.state === "running" ? (
        <div class="buttons">
          <Stop job={job} done={reload} />
        </div>
      ) : null}
      {job.problem && (
        <section class="part">
          <h2>{t("jobs.problem")}</h2>
          <ProblemNote problem={job.problem} />
        </section>
      )}
      {job.result && (
        <section class="part">
          <h2>{t("jobs.result")}</h2>
          <Value value={job.result} />
        </section>
      )}
      <section class="part">
        <Facts
          pairs={[
            [t("jobs.by"), job.by],
            [t("jobs.created"), <When time={job.created} />],
            [t("jobs.started"), job.started && <When time={job.started} />],
            [t("jobs.finished"), job.finished && <When time={job.finished} />],
            [t("jobs.attempt"), <span class="num">{job.attempt}</span>],
            [t("jobs.limits"), limits.join(" · ")],
          ]}
        />
      </section>
    </>
  );
}
