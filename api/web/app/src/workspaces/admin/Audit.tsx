/** Who did what: search by person, object and time, and whether the chain is whole. */

import { useState } from "preact/hooks";
import { isoTime } from "../../api/client";
import { audit, type AuditEntry } from "../../api/people";
import { formatDateTime, parseDateTime, parseTime } from "../../format/time";
import { t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { TextInput } from "../../ui/Field";
import { Button, Note, ProblemNote } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Table } from "../../ui/Table";
import { Value } from "../../ui/Value";

const PAGE = 50;
const NOTHING = { person: "", object: "", action: "", start: "", end: "" };

export function Audit() {
  const [typed, setTyped] = useState(NOTHING);
  const [asked, setAsked] = useState(NOTHING);
  const [before, setBefore] = useState<number | null>(null);
  const [older, setOlder] = useState<AuditEntry[]>([]);
  const [wrong, setWrong] = useState<Partial<typeof NOTHING>>({});
  const moment = (text: string): string | null => {
    const ms = parseDateTime(text);
    return ms === null ? null : isoTime(ms);
  };
  const reading = useReading(
    (signal) =>
      audit.search(
        {
          person: asked.person || null,
          object: asked.object || null,
          action: asked.action || null,
          start: moment(asked.start),
          end: moment(asked.end),
          before,
          limit: PAGE,
        },
        signal,
      ),
    [asked, before],
  );
  const found = reading.data;
  const rows = [...older, ...(found?.entries ?? [])];
  const search = (): void => {
    const problems: Partial<typeof NOTHING> = {};
    if (typed.start && moment(typed.start) === null) problems.start = t("form.time");
    if (typed.end && moment(typed.end) === null) problems.end = t("form.time");
    setWrong(problems);
    if (Object.keys(problems).length > 0) return;
    setOlder([]);
    setBefore(null);
    setAsked({ ...typed });
  };
  return (
    <>
      <Chain />
      <form
        class="bar"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          search();
        }}
      >
        <TextInput
          label={t("audit.person")}
          value={typed.person}
          set={(person) => setTyped({ ...typed, person })}
        />
        <TextInput
          label={t("audit.object")}
          hint={t("audit.object_hint")}
          value={typed.object}
          set={(object) => setTyped({ ...typed, object })}
        />
        <TextInput
          label={t("audit.action")}
          value={typed.action}
          set={(action) => setTyped({ ...typed, action })}
        />
        <TextInput
          label={t("audit.from")}
          value={typed.start}
          set={(start) => setTyped({ ...typed, start })}
          error={wrong.start}
        />
        <TextInput
          label={t("audit.to")}
          value={typed.end}
          set={(end) => setTyped({ ...typed, end })}
          error={wrong.end}
        />
        <Button busy={reading.busy}>{t("audit.search")}</Button>
      </form>
      {reading.problem && !found ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : !found ? (
        <Loading rows={6} />
      ) : rows.length === 0 ? (
        <Empty title={t("audit.none")} />
      ) : (
        <Table<AuditEntry>
          caption={t("admin.tab_audit")}
          rows={rows}
          keyOf={(entry) => String(entry.number)}
          columns={[
            { key: "number", title: t("audit.number"), figures: true, show: (entry) => entry.number },
            { key: "time", title: t("audit.time"), show: (entry) => <When time={entry.time} /> },
            { key: "actor", title: t("audit.person"), breaks: true, show: (entry) => entry.actor },
            { key: "action", title: t("audit.action"), breaks: true, show: (entry) => entry.action },
            { key: "object", title: t("audit.object"), breaks: true, show: (entry) => entry.object },
            { key: "outcome", title: t("audit.outcome"), show: (entry) => entry.outcome },
            {
              key: "details",
              title: t("audit.details"),
              breaks: true,
              show: (entry) =>
                Object.keys(entry.details).length > 0 ? <Value value={entry.details} /> : "–",
            },
          ]}
        />
      )}
      {found?.more && (
        <div class="more">
          <Button
            busy={reading.busy}
            onClick={() => {
              const last = found.entries.at(-1);
              if (!last) return;
              setOlder(rows);
              setBefore(last.number);
            }}
          >
            {t("audit.older")}
          </Button>
        </div>
      )}
    </>
  );
}

function Chain() {
  const head = useReading((signal) => audit.head(signal), []);
  const [result, setResult] = useState<{ ok: boolean; entries: number; broken_at: number | null } | null>(
    null,
  );
  const sending = useSending();
  const signed = parseTime(head.data?.signed_at);
  return (
    <section class="chain">
      {result && (
        <Note tone={result.ok ? "good" : "fail"}>
          {result.ok
            ? t("audit.ok", { n: result.entries })
            : t("audit.broken", { n: result.broken_at ?? "–" })}
        </Note>
      )}
      <ProblemNote problem={sending.problem} />
      <div class="bar">
        {head.data && (
          <p class="muted num">
            {signed === null
              ? t("audit.head_unsigned", { n: head.data.number })
              : t("audit.head", { n: head.data.number, time: formatDateTime(signed) })}
          </p>
        )}
        <Button
          small
          busy={sending.busy}
          onClick={() =>
            void sending
              .run(() => audit.verify())
              .then((found) => {
                if (found) setResult(found);
              })
          }
        >
          {t("audit.verify")}
        </Button>
      </div>
    </section>
  );
}
