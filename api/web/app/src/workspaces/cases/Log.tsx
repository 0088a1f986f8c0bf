/** What happened to a case, newest first, and a note to add to it. */

import { useState } from "preact/hooks";
import { cases, type CaseDetail, type CaseKind, type LogEntry } from "../../api/cases";
import type { MessageKey } from "../../i18n/messages";
import { pick, t } from "../../state/preferences";
import { useSending } from "../../state/reading";
import { TextArea } from "../../ui/Field";
import { fieldTitle } from "../../ui/FormFields";
import { Button, ProblemNote } from "../../ui/Notes";
import { Steps } from "../../ui/Steps";
import { Facts } from "../../ui/Table";
import { Value } from "../../ui/Value";

export function Log({ held, kind }: { held: CaseDetail; kind: CaseKind | null }) {
  return <EntryList entries={[...held.log].reverse()} kind={kind} />;
}

export function EntryList({ entries, kind }: { entries: readonly LogEntry[]; kind: CaseKind | null }) {
  const fields = [...(kind?.form ?? []), ...(kind?.transitions.flatMap((one) => one.form) ?? [])];
  return (
    <Steps
      label={t("cases.log")}
      steps={entries.map((entry) => ({
        key: String(entry.number),
        title: entryTitle(entry, kind),
        time: entry.time,
        who: [entry.actor, roleTitle(entry.role)].filter(Boolean).join(" · "),
        body: (
          <>
            {entry.assigned && <p>{t("cases.assigned_to", { name: entry.assigned })}</p>}
            {entry.reason && <p>{entry.reason}</p>}
            {entry.note && <p>{entry.note}</p>}
            {entry.act !== "open" && <Changes entry={entry} name={(one) => fieldTitle(fields, one)} />}
          </>
        ),
      }))}
    />
  );
}

/** Structures belong into the preview, not into a line of the log. */
function Changes({ entry, name }: { entry: LogEntry; name: (field: string) => string }) {
  const plain = Object.entries(entry.changes).filter(([, value]) => typeof value !== "object");
  if (plain.length === 0) return null;
  return (
    <Facts
      pairs={plain.map(([field, value]): [string, preact.ComponentChildren] => [
        name(field),
        <Value value={value} />,
      ])}
    />
  );
}

function entryTitle(entry: LogEntry, kind: CaseKind | null): string {
  const moved = kind?.transitions.find((one) => one.name === entry.transition);
  const title = moved ? pick(moved.title || moved.name, moved.title_en) : (entry.transition ?? "");
  if (entry.act === "approval") return t("cases.act_approval", { title });
  if (title) return title;
  return ACTS.has(entry.act) ? t(`caseact.${entry.act}` as MessageKey) : entry.act;
}

const ACTS = new Set(["open", "transition", "assign", "note", "attach", "link", "clock", "migrate"]);
const ROLES = new Set([
  "citizen",
  "planner",
  "reviewer",
  "operator",
  "duty_officer",
  "integrator",
  "administrator",
]);

function roleTitle(role: string): string {
  return ROLES.has(role) ? t(`role.${role}` as MessageKey) : role;
}

export function NoteForm({ id, put }: { id: string; put: (next: CaseDetail) => void }) {
  const [text, setText] = useState("");
  const sending = useSending();
  return (
    <form
      class="form noteform"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() === "" || sending.busy) return;
        void sending
          .run(async () => {
            await cases.note(id, text.trim());
            return cases.one(id);
          })
          .then((next) => {
            if (!next) return;
            setText("");
            put(next);
          });
      }}
    >
      <TextArea label={t("cases.note")} value={text} set={setText} rows={2} />
      <ProblemNote problem={sending.problem} />
      {text.trim() !== "" && (
        <div class="buttons buttons--first">
          <Button small busy={sending.busy}>
            {t("cases.note_add")}
          </Button>
        </div>
      )}
    </form>
  );
}
