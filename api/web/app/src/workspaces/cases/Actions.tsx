/** What the viewer may do with a case now: a form for each act, and what to do when somebody was faster. */

import { useState } from "preact/hooks";
import {
  cases,
  type CaseDetail,
  type CaseKind,
  type FormField,
  type LogEntry,
  type Transition,
} from "../../api/cases";
import { ProblemError } from "../../api/http";
import { pick, t } from "../../state/preferences";
import { useSending } from "../../state/reading";
import { TextArea } from "../../ui/Field";
import { FormFields } from "../../ui/FormFields";
import { readDraft, type Draft } from "../../ui/form";
import { Button, Note, ProblemNote } from "../../ui/Notes";
import { EntryList } from "./Log";

/** Publishing photos has its own place, beside the photos. */
const BY_PHOTO = "photos_";

interface Props {
  held: CaseDetail;
  kind: CaseKind | null;
  put: (next: CaseDetail) => void;
  reload: () => void;
}

export function Actions({ held, kind, put, reload }: Props) {
  const [open, setOpen] = useState<Transition | null>(null);
  const [done, setDone] = useState("");
  const possible = held.actions
    .filter((name) => !name.startsWith(BY_PHOTO))
    .map((name) => kind?.transitions.find((one) => one.name === name))
    .filter((one) => one !== undefined);
  const ended = kind?.states.find((one) => one.name === held.state)?.end ?? false;
  return (
    <section class="part part--first">
      <h3>{t("cases.actions")}</h3>
      {done && <Note tone="good">{t("cases.done", { title: done })}</Note>}
      {Object.entries(held.approvals)
        .filter(([, { need }]) => need > 1)
        .map(([name, { have, need }]) => (
          <p class="muted num" key={name}>
            {transitionTitle(kind, name)}: {t("cases.approvals", { have, need })}
          </p>
        ))}
      {open ? (
        <ActForm
          key={open.name}
          held={held}
          kind={kind}
          transition={open}
          reload={reload}
          close={() => setOpen(null)}
          finished={(next) => {
            setOpen(null);
            setDone(pick(open.title, open.title_en));
            put(next);
          }}
        />
      ) : possible.length === 0 ? (
        <p class="muted">{t(ended ? "cases.ended" : "cases.no_actions")}</p>
      ) : (
        <div class="buttons buttons--first">
          {possible.map((one, index) => (
            <Button
              key={one.name}
              main={index === 0 && one.reason !== "required"}
              onClick={() => {
                setDone("");
                setOpen(one);
              }}
            >
              {pick(one.title || one.name, one.title_en)}
            </Button>
          ))}
        </div>
      )}
    </section>
  );
}

function transitionTitle(kind: CaseKind | null, name: string): string {
  const found = kind?.transitions.find((one) => one.name === name);
  return found ? pick(found.title || name, found.title_en) : name;
}

/** Fields of the case itself that an act lets one change along. */
function editable(kind: CaseKind | null, { edits = [], form }: Transition): FormField[] {
  const asked = new Set(form.map((field) => field.name));
  return (kind?.form ?? []).filter(
    (field) =>
      !asked.has(field.name) &&
      !field.personal &&
      field.name !== "known_at" &&
      (edits.includes(field.name) || edits.includes("*")),
  );
}

function written(fields: readonly FormField[], held: CaseDetail): Draft {
  const draft: Draft = {};
  for (const { name } of fields) {
    const value = held.body[name];
    if (value === null || value === undefined) continue;
    draft[name] = typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
  }
  return draft;
}

interface ActProps {
  held: CaseDetail;
  kind: CaseKind | null;
  transition: Transition;
  reload: () => void;
  close: () => void;
  finished: (next: CaseDetail) => void;
}

function ActForm({ held, kind, transition, reload, close, finished }: ActProps) {
  const own = editable(kind, transition);
  const [draft, setDraft] = useState<Draft>(() => written(own, held));
  const [start] = useState(draft);
  const [reason, setReason] = useState("");
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [faster, setFaster] = useState<LogEntry[] | null>(null);
  // The version that was on the page when the form was opened: what was decided on.
  const [seen, setSeen] = useState(held.version);
  const sending = useSending();
  const title = pick(transition.title || transition.name, transition.title_en);
  const asksReason = transition.reason !== "none";
  const approval = held.approvals[transition.name];
  const stillPossible = held.actions.includes(transition.name);

  const submit = async (): Promise<void> => {
    const touched = own.filter((field) => draft[field.name] !== start[field.name]);
    const read = readDraft([...transition.form, ...touched], draft);
    const wrong: Record<string, string> = {};
    for (const [name, key] of Object.entries(read.errors)) wrong[name] = t(key);
    if (transition.reason === "required" && reason.trim() === "") wrong["?reason"] = t("form.missing");
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) return;
    const next = await sending.run(async () => {
      try {
        await cases.act(held.id, {
          transition: transition.name,
          seen,
          ...(reason.trim() ? { reason: reason.trim() } : {}),
          ...(Object.keys(read.values).length > 0 ? { changes: read.values } : {}),
        });
        return await cases.one(held.id);
      } catch (caught) {
        if (caught instanceof ProblemError && caught.problem.changed) {
          setFaster(caught.problem.changed);
          reload();
          return null;
        }
        throw caught;
      }
    });
    if (next) finished(next);
  };

  return (
    <form
      class="form"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        if (!sending.busy && !faster) void submit();
      }}
    >
      <h4>{title}</h4>
      {approval && approval.need > 1 && (
        <p class="muted">{t("cases.approve_more", { need: approval.need, next: approval.have + 1 })}</p>
      )}
      {faster && (
        <div class="note note--look" role="alert">
          <div>
            <p>
              <strong>{t("cases.faster")}</strong>
            </p>
            <p>{t("cases.faster_hint")}</p>
            <EntryList entries={faster} kind={kind} />
            {!stillPossible && <p>{t("cases.faster_impossible", { title })}</p>}
          </div>
        </div>
      )}
      <FormFields fields={[...transition.form, ...own]} draft={draft} set={setDraft} errors={errors} />
      {asksReason && (
        <TextArea
          label={t("cases.reason")}
          value={reason}
          set={setReason}
          rows={3}
          required={transition.reason === "required"}
          error={errors["?reason"]}
        />
      )}
      <ProblemNote problem={sending.problem} />
      <div class="buttons">
        {faster ? (
          stillPossible && (
            <Button
              key="again" // Not the button below with another type: this press must not send.
              main
              onClick={() => {
                setFaster(null);
                setSeen(held.version);
              }}
            >
              {t("cases.again")}
            </Button>
          )
        ) : (
          <Button key="act" main busy={sending.busy}>
            {title}
          </Button>
        )}
        <Button onClick={close}>{t("form.cancel")}</Button>
      </div>
    </form>
  );
}
