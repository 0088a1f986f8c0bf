/** What became of a report; anybody may look, who sent it may answer. */

import { useState } from "preact/hooks";
import { reports, type ReportStatus } from "../../api/cases";
import { address } from "../../api/http";
import { formatDateTime, parseTime } from "../../format/time";
import { SmallMap } from "../../map/SmallMap";
import { Frame } from "../../shell/Frame";
import { pick, t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { TextArea, TextInput } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Button, Note, ProblemNote, Tag } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";
import { Steps } from "../../ui/Steps";
import { Facts } from "../../ui/Table";
import { categoryWord } from "./words";

export function StatusPage({ code }: { code: string }) {
  const reading = useReading((signal) => reports.one(code, signal), [code]);
  return (
    <Frame title={t("report.status", { code })} roomy>
      <p class="crumb">
        <Link class="link" to="report/list">
          {t("report.list")}
        </Link>
      </p>
      {reading.data ? (
        <Body status={reading.data} reload={reading.reload} />
      ) : reading.problem?.status === 404 ? (
        <Empty title={t("report.not_found")}>
          <p>{t("report.not_found_hint")}</p>
        </Empty>
      ) : reading.problem ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : (
        <Loading rows={5} />
      )}
    </Frame>
  );
}

const when = (time: string | null): string => {
  const ms = parseTime(time);
  return ms === null ? "" : formatDateTime(ms);
};

function Body({ status, reload }: { status: ReportStatus; reload: () => void }) {
  const photos = status.photos ?? [];
  const reached = status.steps.filter((step) => step.time !== null).length;
  return (
    <>
      <header class="pagehead">
        <h1>{categoryWord(status)}</h1>
        <Tag tone="good">{pick(status.state_title, status.state_title_en)}</Tag>
        <p class="num">
          {status.code} · {t("report.opened", { time: when(status.opened) })} ·{" "}
          {t("report.changed", { time: when(status.changed) })}
        </p>
        {status.due && (
          <p>
            <strong>{t("report.due", { time: when(status.due) })}</strong>
          </p>
        )}
        {status.duplicates !== null && status.duplicates > 0 && (
          <p>{t("report.duplicates", { n: status.duplicates })}</p>
        )}
      </header>
      {status.category === null && status.state === "new" && <Note>{t("report.not_yet")}</Note>}
      {status.duplicate_of && (
        <Note>
          {t("report.merged")}{" "}
          <Link class="link" to={`report/${encodeURIComponent(status.duplicate_of)}`}>
            {status.duplicate_of}
          </Link>
        </Note>
      )}
      {status.text && <p class="report__text">{status.text}</p>}
      <Facts
        pairs={[
          [t("report.unit"), status.unit],
          [t("report.result"), status.answer],
          [t("report.why"), status.reason],
        ]}
      />
      <section class="part">
        <h2>{t("report.steps")}</h2>
        <Steps
          label={t("report.steps")}
          steps={status.steps.map((step, index) => ({
            key: `${step.state}/${index}`,
            title: pick(step.title, step.title_en),
            time: step.time,
            state: step.time === null ? "ahead" : index === reached - 1 ? "now" : "done",
          }))}
        />
      </section>
      <section class="part">
        <h2>{t("report.photos")}</h2>
        {photos.length === 0 ? (
          <p class="muted">{t("report.no_photos")}</p>
        ) : (
          <ul class="photos photos--large">
            {photos.map((url, index) => (
              <li key={url}>
                <img src={address(url)} alt={t("report.photo", { n: index + 1 })} loading="lazy" />
              </li>
            ))}
          </ul>
        )}
      </section>
      {status.lon !== null && status.lat !== null && (
        <section class="part">
          <h2>{t("report.where")}</h2>
          <SmallMap label={t("report.where")} place={{ lon: status.lon, lat: status.lat }} />
        </section>
      )}
      {status.may_answer && <Answer status={status} done={reload} />}
    </>
  );
}

function Answer({ status, done }: { status: ReportStatus; done: () => void }) {
  const [secret, setSecret] = useState("");
  const [text, setText] = useState("");
  const [answered, setAnswered] = useState(false);
  const [missing, setMissing] = useState(false);
  const sending = useSending();
  const answer = (which: "confirm" | "reopen"): void => {
    setMissing(secret.trim() === "");
    if (secret.trim() === "") return;
    void sending
      .run(async () => {
        await reports.answer(status.code, {
          answer: which,
          secret: secret.trim(),
          ...(text.trim() ? { text: text.trim() } : {}),
        });
        return true;
      })
      .then((ok) => {
        if (!ok) return;
        setAnswered(true);
        done();
      });
  };
  return (
    <section class="part">
      <h2>{t("report.answer")}</h2>
      {answered ? (
        <Note tone="good">{t("report.answered")}</Note>
      ) : (
        <div class="form">
          <p>{t("report.answer_lead")}</p>
          <TextInput
            label={t("report.answer_secret")}
            value={secret}
            set={setSecret}
            autocomplete="off"
            error={missing ? t("form.missing") : undefined}
          />
          <TextArea label={t("report.answer_text")} value={text} set={setText} rows={2} />
          <ProblemNote problem={sending.problem} />
          <div class="buttons">
            <Button main busy={sending.busy} onClick={() => answer("confirm")}>
              {t("report.confirm")}
            </Button>
            <Button busy={sending.busy} onClick={() => answer("reopen")}>
              {t("report.reopen")}
            </Button>
          </div>
        </div>
      )}
    </section>
  );
}
