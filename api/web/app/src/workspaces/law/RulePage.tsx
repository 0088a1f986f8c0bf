/** One rule: what it says, where it stands, how sure that is, who confirmed it. */

import { useState } from "preact/hooks";
import { law, type RuleDetail } from "../../api/work";
import { formatDateTime, parseTime } from "../../format/time";
import type { MessageKey } from "../../i18n/messages";
import { Frame } from "../../shell/Frame";
import { pick, t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { may } from "../../state/viewer";
import { Dialog } from "../../ui/Dialog";
import { Check, TextArea, TextInput } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Button, Note, ProblemNote } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Facts, Table } from "../../ui/Table";
import { Sheets } from "./Sheets";
import { ConfidenceTag, kindWord, UsableTag, validity } from "./words";

export function RulePage({ id }: { id: string }) {
  const reading = useReading((signal) => law.one(id, {}, signal), [id]);
  const rule = reading.data;
  return (
    <Frame title={rule ? pick(rule.title, rule.title_en) : t("law.title")}>
      <p class="crumb">
        <Link class="link" to="law">
          {t("law.back")}
        </Link>
      </p>
      {rule ? (
        <Body rule={rule} reload={reading.reload} />
      ) : reading.problem ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : (
        <Loading rows={6} />
      )}
    </Frame>
  );
}

function Body({ rule, reload }: { rule: RuleDetail; reload: () => void }) {
  const signed = rule.countersigned;
  const at = parseTime(signed?.at);
  return (
    <>
      <header class="pagehead">
        <h1>{pick(rule.title, rule.title_en)}</h1>
        <UsableTag rule={rule} />
      </header>
      {!rule.usable && <Note tone="look">{t("law.unsigned_hint")}</Note>}
      <section class="part">
        <Facts
          pairs={[
            [t("law.kind"), kindWord(rule.kind)],
            [t("law.document"), rule.document],
            [t("law.clause"), rule.clause],
            [t("law.valid"), validity(rule)],
            [
              t("law.transition"),
              rule.transition.length > 0 && (
                <ul class="plainlist">
                  {rule.transition.map((one, index) => (
                    <li key={index}>{pick(one.text, one.text_en)}</li>
                  ))}
                </ul>
              ),
            ],
            [
              t("law.confidence"),
              <>
                <ConfidenceTag mark={rule.confidence} /> {t(`lawsure.${rule.confidence}` as MessageKey)}
              </>,
            ],
            [t("law.weakest"), rule.weakest !== rule.confidence && <ConfidenceTag mark={rule.weakest} />],
            [
              t("law.source"),
              rule.sources.map((one) => `${one.key}: ${pick(one.title, one.title_en)}`).join(" · "),
            ],
            [
              t("law.signed"),
              signed && at !== null
                ? [signed.by, formatDateTime(at)].filter(Boolean).join(", ")
                : t("law.unsigned"),
            ],
            [t("law.note"), pick(rule.note, rule.note_en)],
          ]}
        />
        {may("law") && <Acts rule={rule} reload={reload} />}
      </section>
      <section class="part">
        <h2>{t("law.content")}</h2>
        <Sheets rule={rule} />
      </section>
      <section class="part">
        <h2>{t("law.versions")}</h2>
        <Table
          caption={t("law.versions")}
          rows={rule.versions}
          keyOf={(one) => String(one.number)}
          columns={[
            {
              key: "version",
              title: t("law.version"),
              show: (one) => <span class="num">{one.number}</span>,
            },
            { key: "document", title: t("law.document"), show: (one) => one.document },
            { key: "valid", title: t("law.valid"), show: (one) => validity(one) },
            { key: "recorded", title: t("law.recorded"), show: (one) => <When time={one.recorded_from} /> },
          ]}
        />
      </section>
    </>
  );
}

function Acts({ rule, reload }: { rule: RuleDetail; reload: () => void }) {
  const [open, setOpen] = useState<"sign" | "propose" | null>(null);
  const [done, setDone] = useState(false);
  const close = (): void => setOpen(null);
  const finished = (): void => {
    close();
    setDone(true);
    reload();
  };
  return (
    <>
      {done && <Note tone="good">{t("law.proposed")}</Note>}
      <div class="buttons">
        {!rule.countersigned && (
          <Button main onClick={() => setOpen("sign")}>
            {t("law.countersign")}
          </Button>
        )}
        <Button onClick={() => setOpen("propose")}>{t("law.propose")}</Button>
      </div>
      {open === "sign" && (
        <Countersign
          rule={rule}
          close={close}
          finished={() => {
            close();
            reload();
          }}
        />
      )}
      {open === "propose" && <Propose rule={rule} close={close} finished={finished} />}
    </>
  );
}

interface ActProps {
  rule: RuleDetail;
  close: () => void;
  finished: () => void;
}

function Countersign({ rule, close, finished }: ActProps) {
  const [sure, setSure] = useState(false);
  const sending = useSending();
  return (
    <Dialog title={t("law.countersign")} close={close}>
      <p>
        <strong>{pick(rule.title, rule.title_en)}</strong>
        <br />
        {rule.document} · {rule.clause}
      </p>
      <Check label={t("law.countersign_ask")} value={sure} set={setSure} />
      <ProblemNote problem={sending.problem} />
      <div class="buttons">
        <Button
          main
          busy={sending.busy}
          blocked={sure ? undefined : t("law.countersign_ask")}
          onClick={() =>
            void sending
              .run(() => law.countersign(rule.id, rule.version, rule.number))
              .then((ok) => ok && finished())
          }
        >
          {t("law.countersign")}
        </Button>
        <Button onClick={close}>{t("form.cancel")}</Button>
      </div>
    </Dialog>
  );
}

function Propose({ rule, close, finished }: ActProps) {
  const [text, setText] = useState(() => JSON.stringify(editable(rule), null, 2));
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | undefined>();
  const sending = useSending();
  const submit = async (): Promise<void> => {
    let draft: unknown;
    try {
      draft = JSON.parse(text);
    } catch (caught) {
      setWrong(t("law.propose_bad", { why: caught instanceof Error ? caught.message : "" }));
      return;
    }
    setWrong(undefined);
    const answer = await sending.run(() => law.propose(rule.id, draft, rule.version, reason.trim()));
    if (answer) finished();
  };
  return (
    <Dialog title={t("law.propose")} close={close}>
      <p class="muted">{t("law.propose_lead")}</p>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending.busy) void submit();
        }}
      >
        <TextArea label={t("law.propose_text")} value={text} set={setText} rows={14} mono error={wrong} />
        <TextInput label={t("law.reason")} value={reason} set={setReason} required />
        {sending.problem?.status === 409 && <Note tone="look">{t("law.faster")}</Note>}
        <ProblemNote problem={sending.problem} />
        <div class="buttons">
          <Button main busy={sending.busy}>
            {t("law.propose")}
          </Button>
          <Button onClick={close}>{t("form.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What a draft says: the members that the server takes. */
function editable(rule: RuleDetail): Record<string, unknown> {
  const { kind, title, title_en, document, clause, confidence, valid_from, valid_to } = rule;
  const { transition, note, note_en, content, number } = rule;
  return {
    kind,
    title,
    title_en,
    document,
    clause,
    confidence,
    valid_from,
    valid_to,
    transition,
    sources: rule.sources.map((one) => one.key),
    note,
    note_en,
    content: content.data,
    replaces: number,
  };
}
