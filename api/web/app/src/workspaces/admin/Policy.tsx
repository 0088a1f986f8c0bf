/** Who may see what: the policy in force, an edit with a dry run before it is published. */

import { useState } from "preact/hooks";
import { policies, type PolicyDryRun, type PolicyVersion } from "../../api/people";
import type { Json, Role } from "../../api/types";
import { formatDateTime, parseTime } from "../../format/time";
import { pick, t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { TextArea, TextInput } from "../../ui/Field";
import { Button, Note, ProblemNote } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { Table } from "../../ui/Table";
import { Value } from "../../ui/Value";
import { roleWord } from "./People";

export function Policy() {
  const reading = useReading((signal) => policies.current(signal), []);
  const [editing, setEditing] = useState(false);
  const [published, setPublished] = useState<number | null>(null);
  const found = reading.data;
  if (!found) {
    return reading.problem ? (
      <Failed problem={reading.problem} retry={reading.reload} />
    ) : (
      <Loading rows={5} />
    );
  }
  const since = parseTime(found.since);
  return (
    <>
      {published !== null && <Note tone="good">{t("policy.published", { n: published })}</Note>}
      {editing ? (
        <Edit
          current={found}
          close={() => setEditing(false)}
          reload={reading.reload}
          done={(made) => {
            setEditing(false);
            setPublished(made.version);
            reading.put(made);
          }}
        />
      ) : (
        <>
          <div class="bar">
            <h2>{t("policy.current")}</h2>
            <p class="muted">
              {since === null
                ? t("policy.shipped")
                : t("policy.version", {
                    n: found.version,
                    time: formatDateTime(since),
                    name: found.by || "–",
                  })}
            </p>
            <Button onClick={() => setEditing(true)}>{t("policy.edit")}</Button>
          </div>
          <Readable policy={found.policy} />
        </>
      )}
    </>
  );
}

/** Roles under each other; what is no rule about a role stands below. */
function Readable({ policy }: { policy: Record<string, Json> }) {
  const { roles, ...rest } = policy;
  const rows = Object.entries(roles as Record<string, Record<string, Json>>);
  const list = (value: Json | undefined): string => {
    if (Array.isArray(value)) return value.length === 0 ? "–" : value.map(String).join(", ");
    const said = Object.entries((value ?? {}) as Record<string, Json>);
    return said.length === 0 ? "–" : said.map(([layer, names]) => `${layer}: ${list(names)}`).join("; ");
  };
  return (
    <>
      <Table
        caption={t("policy.current")}
        rows={rows}
        keyOf={([role]) => role}
        columns={[
          { key: "role", title: t("policy.role"), show: ([role]) => roleWord(role as Role) },
          { key: "layers", title: t("policy.layers"), breaks: true, show: ([, one]) => list(one.layers) },
          { key: "except", title: t("policy.except"), breaks: true, show: ([, one]) => list(one.except) },
          { key: "access", title: t("policy.access"), show: ([, one]) => <Value value={one.access} /> },
          { key: "clear", title: t("policy.clearance"), show: ([, one]) => <Value value={one.clearance} /> },
          { key: "hide", title: t("policy.hide"), breaks: true, show: ([, one]) => list(one.hide) },
          {
            key: "area",
            title: t("policy.area"),
            show: ([, one]) => t(one.area ? "policy.area_some" : "policy.area_all"),
          },
        ]}
      />
      <section class="part">
        <h2>{t("policy.secrecy")}</h2>
        <Value value={rest} />
      </section>
    </>
  );
}

interface EditProps {
  current: PolicyVersion;
  close: () => void;
  reload: () => void;
  done: (made: PolicyVersion) => void;
}

function Edit({ current, close, reload, done }: EditProps) {
  const [text, setText] = useState(() => JSON.stringify(current.policy, null, 2));
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | undefined>();
  const [result, setResult] = useState<{ text: string; found: PolicyDryRun } | null>(null);
  const running = useSending();
  const publishing = useSending();

  const read = (): unknown => {
    try {
      const value: unknown = JSON.parse(text);
      setWrong(undefined);
      return value;
    } catch (caught) {
      setWrong(t("law.propose_bad", { why: caught instanceof Error ? caught.message : "" }));
      return undefined;
    }
  };
  const dryRun = async (): Promise<void> => {
    const policy = read();
    if (policy === undefined) return;
    const found = await running.run(() => policies.dryRun(policy));
    if (found) setResult({ text, found });
  };
  const publish = async (): Promise<void> => {
    const policy = read();
    if (policy === undefined) return;
    const made = await publishing.run(() => policies.publish(policy, current.version, reason.trim()));
    if (made) done(made);
    else reload();
  };
  const tried = result !== null && result.text === text && result.found.problems.length === 0;
  return (
    <form
      class="form form--wide"
      onSubmit={(event) => {
        event.preventDefault();
        if (tried && !publishing.busy) void publish();
      }}
    >
      <TextArea label={t("policy.text")} value={text} set={setText} rows={22} mono error={wrong} />
      <ProblemNote problem={running.problem} />
      <div class="buttons">
        <Button busy={running.busy} onClick={() => void dryRun()}>
          {t("policy.dry_run")}
        </Button>
        <Button onClick={close}>{t("form.cancel")}</Button>
      </div>
      {result && <DryRun found={result.found} />}
      {!tried && <p class="muted">{t("policy.run_first")}</p>}
      <TextInput label={t("policy.reason")} value={reason} set={setReason} required />
      {publishing.problem?.status === 409 && <Note tone="look">{t("policy.faster")}</Note>}
      <ProblemNote problem={publishing.problem} />
      <div class="buttons">
        <Button main busy={publishing.busy} blocked={tried ? undefined : t("policy.run_first")}>
          {t("policy.publish")}
        </Button>
      </div>
    </form>
  );
}

function DryRun({ found }: { found: PolicyDryRun }) {
  return (
    <section>
      {found.problems.length > 0 && (
        <Note tone="fail">
          <p>
            <strong>{t("policy.problems")}</strong>
          </p>
          <ul class="plainlist">
            {found.problems.map((one, index) => (
              <li key={index}>{typeof one === "string" ? one : pick(one.text, one.text_en)}</li>
            ))}
          </ul>
        </Note>
      )}
      <h3>{t("policy.changes")}</h3>
      {found.changes.length === 0 ? (
        <p class="muted">{t("policy.no_changes")}</p>
      ) : (
        <Table
          caption={t("policy.changes")}
          rows={found.changes}
          keyOf={(one) => `${one.role}/${one.layer}/${one.attribute ?? ""}`}
          columns={[
            { key: "role", title: t("policy.role"), show: (one) => roleWord(one.role) },
            { key: "layer", title: t("policy.layer"), show: (one) => one.layer },
            { key: "attribute", title: t("policy.attribute"), show: (one) => one.attribute ?? "–" },
            { key: "gains", title: t("policy.gains"), figures: true, show: (one) => one.gains },
            { key: "loses", title: t("policy.loses"), figures: true, show: (one) => one.loses },
            { key: "words", title: t("policy.words"), show: (one) => pick(one.text, one.text_en) },
          ]}
        />
      )}
    </section>
  );
}
