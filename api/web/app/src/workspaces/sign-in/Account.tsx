/** One's own account: duties first, then password, second factor and open sessions. */

import { useState } from "preact/hooks";
import { session as sessions, type OwnSession, type SecondFactor } from "../../api/people";
import { formatDateTime, parseTime } from "../../format/time";
import { Frame } from "../../shell/Frame";
import { go } from "../../shell/router";
import { t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { become, isOpen, session, signedIn } from "../../state/viewer";
import { Copy } from "../../ui/Copy";
import { TextInput } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Button, Note, ProblemNote, Tag } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Table } from "../../ui/Table";

export function Account() {
  const known = session.data.value;
  const must = known?.must ?? [];
  const expires = parseTime(known?.expires);
  const leaving = useSending();
  if (!known || !signedIn.value) {
    return (
      <Frame title={t("account.title")} roomy>
        <header class="pagehead">
          <h1>{t("account.title")}</h1>
        </header>
        <Note>
          <p>{t("account.nobody")}</p>
          {isOpen.value && <p>{t("account.open")}</p>}
          <p>
            <Link class="link" to="sign-in">
              {t("sign.in")}
            </Link>
          </p>
        </Note>
      </Frame>
    );
  }
  return (
    <Frame title={t("account.title")} roomy>
      <header class="pagehead">
        <h1>{known.viewer.name}</h1>
        {expires !== null && <p>{t("account.until", { time: formatDateTime(expires) })}</p>}
      </header>
      {must.includes("password") && <Note tone="look">{t("account.must_password")}</Note>}
      {must.includes("second_factor") && <Note tone="look">{t("account.must_factor")}</Note>}
      <div class="buttons">
        <Button
          busy={leaving.busy}
          onClick={() =>
            void leaving
              .run(async () => {
                await sessions.signOut();
                return true;
              })
              .then((done) => {
                if (!done) return;
                become(null);
                go("", true);
              })
          }
        >
          {t("sign.out")}
        </Button>
      </div>
      <ProblemNote problem={leaving.problem} />
      <Password />
      <SecondFactorPart />
      {must.length === 0 && <Sessions />}
    </Frame>
  );
}

function Password() {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [done, setDone] = useState(false);
  const sending = useSending();
  const differs = again !== "" && again !== fresh;
  const submit = async (): Promise<void> => {
    const given = await sending.run(async () => {
      await sessions.password({ old, new: fresh });
      return true;
    });
    if (!given) return;
    setDone(true);
    setOld("");
    setFresh("");
    setAgain("");
    session.reload();
  };
  return (
    <section class="part">
      <h2>{t("account.password")}</h2>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!differs && again !== "" && !sending.busy) void submit();
        }}
      >
        <input type="text" class="vh" autocomplete="username" tabIndex={-1} aria-hidden="true" readOnly />
        <TextInput
          label={t("account.old")}
          type="password"
          value={old}
          set={setOld}
          autocomplete="current-password"
          required
        />
        <TextInput
          label={t("account.new")}
          hint={t("account.new_hint")}
          type="password"
          value={fresh}
          set={setFresh}
          autocomplete="new-password"
          required
        />
        <TextInput
          label={t("account.again")}
          type="password"
          value={again}
          set={setAgain}
          autocomplete="new-password"
          required
          error={differs ? t("account.differs") : undefined}
        />
        <ProblemNote problem={sending.problem} />
        {done && <Note tone="good">{t("account.changed")}</Note>}
        <div class="buttons">
          <Button busy={sending.busy}>{t("account.password")}</Button>
        </div>
      </form>
    </section>
  );
}

function SecondFactorPart() {
  const [offer, setOffer] = useState<SecondFactor | null>(null);
  const [code, setCode] = useState("");
  const [recovery, setRecovery] = useState<string[] | null>(null);
  const sending = useSending();
  return (
    <section class="part">
      <h2>{t("account.factor")}</h2>
      <p class="muted">{t("account.factor_lead")}</p>
      {recovery ? (
        <>
          <Note tone="good">{t("account.factor_done")}</Note>
          <p>{t("account.recovery")}</p>
          <ul class="recovery num">
            {recovery.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
          <div class="buttons">
            <Copy text={recovery.join("\n")} />
            <Button onClick={() => print()}>{t("app.print")}</Button>
          </div>
        </>
      ) : offer ? (
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            void sending
              .run(() => sessions.confirmSecondFactor(code.replace(/\s/g, "")))
              .then((answer) => {
                if (!answer) return;
                setRecovery(answer.recovery);
                session.reload();
              });
          }}
        >
          <p>{t("account.factor_scan")}</p>
          <img
            class="qr"
            alt={t("account.factor_scan")}
            src={`data:image/svg+xml;utf8,${encodeURIComponent(offer.qr)}`}
          />
          <p>
            {t("account.factor_secret")}: <code class="code">{offer.secret}</code>
          </p>
          <TextInput
            label={t("account.factor_code")}
            value={code}
            set={setCode}
            inputmode="numeric"
            autocomplete="one-time-code"
            required
          />
          <ProblemNote problem={sending.problem} />
          <div class="buttons">
            <Button main busy={sending.busy}>
              {t("account.factor_confirm")}
            </Button>
          </div>
        </form>
      ) : (
        <>
          <ProblemNote problem={sending.problem} />
          <div class="buttons">
            <Button
              busy={sending.busy}
              onClick={() =>
                void sending.run(sessions.secondFactor).then((answer) => {
                  if (answer) setOffer(answer);
                })
              }
            >
              {t("account.factor_start")}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

function Sessions() {
  const reading = useReading((signal) => sessions.list(signal), []);
  const sending = useSending();
  const rows = reading.data?.sessions;
  return (
    <section class="part">
      <h2>{t("account.sessions")}</h2>
      <ProblemNote problem={sending.problem} />
      {!rows ? (
        reading.problem ? (
          <Failed problem={reading.problem} retry={reading.reload} />
        ) : (
          <Loading rows={2} />
        )
      ) : (
        <Table<OwnSession>
          caption={t("account.sessions")}
          rows={rows}
          keyOf={(row) => row.id}
          columns={[
            { key: "began", title: t("account.began"), show: (row) => <When time={row.created} /> },
            { key: "used", title: t("account.used"), show: (row) => <When time={row.last_used} /> },
            { key: "expires", title: t("account.expires"), show: (row) => <When time={row.expires} /> },
            {
              key: "act",
              title: t("account.act"),
              show: (row) =>
                row.this ? (
                  <Tag tone="good">{t("account.this")}</Tag>
                ) : (
                  <Button
                    small
                    busy={sending.busy}
                    onClick={() => void sending.run(() => sessions.end(row.id)).then(reading.reload)}
                  >
                    {t("account.end")}
                  </Button>
                ),
            },
          ]}
        />
      )}
    </section>
  );
}
