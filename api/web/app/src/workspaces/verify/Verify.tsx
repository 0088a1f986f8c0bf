/** Is this paper genuine? One sentence, then the facts to compare; and how to check without this server. */

import { useEffect, useRef, useState } from "preact/hooks";
import { documents, type Outcome, type Verification } from "../../api/work";
import { Frame } from "../../shell/Frame";
import { route } from "../../shell/router";
import type { MessageKey } from "../../i18n/messages";
import { pick, t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { TextArea } from "../../ui/Field";
import { Button, Note, ProblemNote, Tag } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Facts, Table } from "../../ui/Table";
import { Value } from "../../ui/Value";
import { tokenIn } from "./token";

export function Verify() {
  const { rest, search } = route.value;
  // The QR code carries the token behind the hash, where no server or proxy writes it down.
  const [hash] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const given = search.get("token") ?? (hash || rest.join("/"));
  const [token, setToken] = useState(given);
  const [answer, setAnswer] = useState<Verification | null>(null);
  const [notPdf, setNotPdf] = useState(false);
  const [over, setOver] = useState(false);
  const sending = useSending();
  const file = useRef<HTMLInputElement>(null);

  const check = async (work: () => Promise<Verification>): Promise<void> => {
    setAnswer(null);
    setNotPdf(false);
    const found = await sending.run(work);
    if (found) setAnswer(found);
  };
  const checkFile = (chosen: File | undefined): void => {
    if (!chosen) return;
    if (chosen.type !== "application/pdf" && !chosen.name.toLowerCase().endsWith(".pdf")) {
      setAnswer(null);
      setNotPdf(true);
      return;
    }
    void check(() => documents.verifyFile(chosen));
  };
  useEffect(() => {
    if (given) void check(() => documents.verifyToken(tokenIn(given)));
  }, [given]);

  return (
    <Frame title={t("verify.title")} roomy>
      <header class="pagehead">
        <h1>{t("verify.title")}</h1>
        <p>{t("verify.lead")}</p>
      </header>
      {answer && <Answer answer={answer} />}
      {notPdf && (
        <div class="note note--fail" role="alert">
          <p>{t("verify.not_pdf")}</p>
        </div>
      )}
      <ProblemNote problem={sending.problem} />
      <section
        class={`drop ${over ? "drop--over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          checkFile(event.dataTransfer?.files[0]);
        }}
      >
        <p>{t("verify.drop")}</p>
        <input
          ref={file}
          class="vh"
          type="file"
          accept="application/pdf,.pdf"
          tabIndex={-1}
          aria-label={t("verify.choose")}
          onChange={(event) => {
            checkFile(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
        <Button busy={sending.busy} onClick={() => file.current?.click()}>
          {t("verify.choose")}
        </Button>
      </section>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim()) void check(() => documents.verifyToken(tokenIn(token)));
        }}
      >
        <TextArea
          label={t("verify.token")}
          hint={t("verify.token_hint")}
          value={token}
          set={setToken}
          rows={3}
        />
        <div class="buttons">
          <Button busy={sending.busy}>{t("verify.check")}</Button>
        </div>
      </form>
      <Keys />
    </Frame>
  );
}

const TONES: Record<Outcome, "good" | "look" | "fail"> = {
  valid: "good",
  revoked: "fail",
  forged: "fail",
  unknown_key: "fail",
  expired_key: "look",
  altered: "fail",
  not_ours: "look",
};

function Answer({ answer }: { answer: Verification }) {
  const { document: found } = answer;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), [answer]);
  return (
    <section class="verdict">
      <Note tone={TONES[answer.outcome]}>
        <h2 ref={head} tabIndex={-1}>
          {t(`verify.${answer.outcome}` as MessageKey)}
        </h2>
        <p>{pick(answer.text, answer.text_en)}</p>
      </Note>
      {found && (
        <div class="part">
          <h2>{t("verify.genuine")}</h2>
          <p class="muted">{t("verify.compare")}</p>
          <Facts
            pairs={[
              [t("verify.doc_title"), [found.title, found.subtitle].filter(Boolean).join(" · ")],
              [t("verify.doc_id"), found.id],
              [t("verify.doc_issued"), <When time={found.issued} />],
              [t("verify.doc_by"), found.issuer],
              [t("verify.doc_key"), found.key],
            ]}
          />
          {found.facts && (
            <Facts pairs={found.facts.map(([name, value]) => [name, <Value key={name} value={value} />])} />
          )}
        </div>
      )}
    </section>
  );
}

function Keys() {
  const reading = useReading((signal) => documents.keys(signal), []);
  const keys = reading.data?.keys;
  return (
    <section class="part">
      <h2>{t("verify.offline")}</h2>
      <p class="muted">{t("verify.offline_lead")}</p>
      {!keys ? (
        reading.problem ? (
          <Failed problem={reading.problem} retry={reading.reload} />
        ) : (
          <Loading rows={1} />
        )
      ) : keys.length === 0 ? (
        <p>{t("verify.no_keys")}</p>
      ) : (
        <Table
          caption={t("verify.key")}
          rows={keys}
          keyOf={(key) => key.id}
          columns={[
            { key: "id", title: t("verify.key"), breaks: true, show: (key) => key.id },
            {
              key: "public",
              title: t("verify.public"),
              breaks: true,
              show: (key) => <code class="code">{key.public}</code>,
            },
            { key: "from", title: t("verify.valid_from"), show: (key) => <When time={key.valid_from} /> },
            {
              key: "state",
              title: t("verify.key_state"),
              show: (key) => (
                <Tag tone={key.revoked ? "fail" : key.valid_to ? "plain" : "good"}>
                  {t(key.revoked ? "verify.key_revoked" : key.valid_to ? "verify.key_old" : "verify.key_now")}
                </Tag>
              ),
            },
          ]}
        />
      )}
    </section>
  );
}
