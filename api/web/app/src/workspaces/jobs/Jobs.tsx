/** Long work: what runs, how far it is, how it ended; and importing a file. */

import { jobs, type Job, type JobState } from "../../api/work";
import { Frame } from "../../shell/Frame";
import { NoRight } from "../../shell/NoRight";
import { go, route } from "../../shell/router";
import type { MessageKey } from "../../i18n/messages";
import { pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { useRecordNews } from "../../state/records";
import { may } from "../../state/viewer";
import { Check, Select } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Empty, Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Table } from "../../ui/Table";
import { ImportForm } from "./ImportForm";
import { JobPage } from "./JobPage";
import { Progress, StateTag, Stop } from "./parts";

const STATES: JobState[] = ["accepted", "running", "successful", "failed", "dismissed"];

export function Jobs() {
  const [id] = route.value.rest;
  const allowed = may("work") || may("write") || may("simulate") || may("cases");
  if (!allowed) {
    return (
      <Frame title={t("jobs.title")}>
        <NoRight title={t("jobs.title")} needs={["work", "write", "simulate", "cases"]} />
      </Frame>
    );
  }
  if (id !== undefined) return <JobPage id={id} key={id} />;
  return (
    <Frame title={t("jobs.title")}>
      <header class="pagehead">
        <h1>{t("jobs.title")}</h1>
        <p>{t("jobs.lead")}</p>
      </header>
      <List />
      {may("write") && <ImportForm />}
    </Frame>
  );
}

function List() {
  const { search } = route.value;
  const state = search.get("state") ?? "";
  const mine = search.get("mine") === "true";
  const reading = useReading(
    (signal) => jobs.list({ state: state || null, mine: mine || null, limit: 100 }, signal),
    [state, mine],
  );
  useRecordNews("job", () => reading.reload());
  const change = (next: { state: string; mine: boolean }): void => {
    const pairs: [string, string][] = [];
    if (next.state) pairs.push(["state", next.state]);
    if (next.mine) pairs.push(["mine", "true"]);
    go("jobs" + (pairs.length > 0 ? "?" + new URLSearchParams(pairs).toString() : ""), true);
  };
  const found = reading.data?.jobs;
  return (
    <>
      <div class="bar">
        <Select
          label={t("jobs.state")}
          value={state}
          set={(value) => change({ state: value, mine })}
          options={[
            { value: "", title: t("jobs.any") },
            ...STATES.map((one) => ({ value: one, title: t(`jobs.${one}` as MessageKey) })),
          ]}
        />
        <Check label={t("jobs.mine")} value={mine} set={(on) => change({ state, mine: on })} />
      </div>
      {reading.problem && !found ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : !found ? (
        <Loading rows={4} />
      ) : found.length === 0 ? (
        <Empty title={t("jobs.none")}>{may("write") && <p>{t("jobs.none_hint")}</p>}</Empty>
      ) : (
        <Table<Job>
          caption={t("jobs.title")}
          rows={found}
          keyOf={(job) => job.id}
          columns={[
            {
              key: "title",
              title: t("jobs.name"),
              show: (job) => (
                <Link class="link" to={`jobs/${encodeURIComponent(job.id)}`}>
                  {pick(job.title || job.kind, job.title_en)}
                </Link>
              ),
            },
            { key: "state", title: t("jobs.state"), show: (job) => <StateTag state={job.state} /> },
            { key: "progress", title: t("jobs.progress"), show: (job) => <Progress job={job} /> },
            { key: "by", title: t("jobs.by"), show: (job) => job.by },
            { key: "created", title: t("jobs.created"), show: (job) => <When time={job.created} /> },
            {
              key: "stop",
              title: t("jobs.stop"),
              show: (job) => <Stop job={job} done={reading.reload} small />,
            },
          ]}
        />
      )}
    </>
  );
}
