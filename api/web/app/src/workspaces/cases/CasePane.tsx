/** One case: where it is, what it says, what happened, what can be done. */

import { useEffect, useState } from "preact/hooks";
import { cases, type CaseClock, type CaseDetail, type CaseKind } from "../../api/cases";
import type { Json } from "../../api/types";
import { narrow } from "../../shell/narrow";
import { route } from "../../shell/router";
import { pick, t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { useRecordNews } from "../../state/records";
import { ClockBadge } from "../../ui/ClockBadge";
import { choiceTitle, fieldTitle } from "../../ui/FormFields";
import { Link } from "../../ui/Link";
import { Button, Note, ProblemNote, Tag } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Facts } from "../../ui/Table";
import { Value } from "../../ui/Value";
import { Actions } from "./Actions";
import { Assignment } from "./Assignment";
import { Files } from "./Files";
import { Log, NoteForm } from "./Log";
import { PhotoReview } from "./PhotoReview";
import { PlanPreview } from "./PlanPreview";

export function CasePane({ id, kinds }: { id: string; kinds: readonly CaseKind[] }) {
  const reading = useReading((signal) => cases.one(id, signal), [id]);
  const [moved, setMoved] = useState(false);
  const held = reading.data;
  useRecordNews("case", (keys) => {
    if (keys.size === 0 || keys.has(id)) reading.reload();
  });
  const version = held?.version;
  const [seen, setSeen] = useState<number | null>(null);
  useEffect(() => {
    if (version === undefined) return;
    setMoved(seen !== null && version > seen);
    setSeen(version);
  }, [version]);

  if (!held) {
    if (reading.problem?.status === 404)
      return (
        <Empty title={t("cases.gone")}>
          <p>
            <Link class="link" to="cases">
              {t("cases.back")}
            </Link>
          </p>
        </Empty>
      );
    return reading.problem ? (
      <Failed problem={reading.problem} retry={reading.reload} />
    ) : (
      <Loading rows={6} />
    );
  }
  const kind = kinds.find((one) => one.name === held.kind) ?? null;
  const put = (next: CaseDetail): void => {
    setSeen(next.version);
    setMoved(false);
    reading.put(next);
  };
  const reload = (): void => {
    setSeen(null);
    reading.reload();
  };
  return (
    <article class="case" aria-label={held.code}>
      {narrow.value && (
        <p class="crumb">
          <Link class="link" to={`cases${route.value.search.size > 0 ? `?${route.value.search}` : ""}`}>
            {t("cases.back")}
          </Link>
        </p>
      )}
      <header class="case__head">
        <h2>{held.title}</h2>
        <span class="num quiet">{held.code}</span>
        <Tag tone="good">{pick(held.state_title, held.state_title_en)}</Tag>
        <span class="case__clocks">
          {shownClocks(held).map((clock) => (
            <ClockBadge key={clock.name} clock={clock} named />
          ))}
        </span>
        <p class="muted">
          {kind && pick(kind.title, kind.title_en)} · {t("cases.opened")} <When time={held.opened} />
          {held.lon !== null && held.lat !== null && (
            <>
              {" · "}
              <a class="link" href={mapLink(held.lon, held.lat)}>
                {t("cases.place")}
              </a>
            </>
          )}
        </p>
      </header>
      {moved && <Note tone="look">{t("cases.changed_live")}</Note>}
      <div class="case__grid">
        <div class="case__left">
          <Actions held={held} kind={kind} put={put} reload={reload} />
          <Assignment held={held} put={put} reload={reload} />
          {held.kind === "plan_edit" && <PlanPreview held={held} />}
          {held.kind === "field_report" && <PhotoReview held={held} put={put} reload={reload} />}
          <Body held={held} kind={kind} />
          <Files held={held} reload={reload} />
        </div>
        <div class="case__right">
          <section class="part part--first">
            <h3>{t("cases.log")}</h3>
            <NoteForm id={held.id} put={put} />
            <Log held={held} kind={kind} />
          </section>
        </div>
      </div>
    </article>
  );
}

/** A clock that was called off says nothing any more. */
function shownClocks(held: CaseDetail): CaseClock[] {
  return held.clocks.filter((clock) => clock.state !== "cancelled");
}

function mapLink(lon: number, lat: number): string {
  const place = `${lon.toFixed(6)},${lat.toFixed(6)}`;
  return `./#map=18/${lat.toFixed(5)}/${lon.toFixed(5)}&here=${place}`;
}

/** Members of a body that have their own place on the page, or that nobody needs to read. */
const SHOWN_ELSEWHERE: Record<string, readonly string[]> = {
  plan_edit: ["changes", "known_at"],
  field_report: ["secret_hash", "published", "photos"],
};

function Body({ held, kind }: { held: CaseDetail; kind: CaseKind | null }) {
  const fields = [...(kind?.form ?? []), ...(kind?.transitions.flatMap((one) => one.form) ?? [])];
  const personal = new Set(fields.filter((field) => field.personal).map((field) => field.name));
  const entries = Object.entries(held.body).filter(
    ([name, value]) => value !== null && !SHOWN_ELSEWHERE[held.kind]?.includes(name),
  );
  return (
    <section class="part">
      <h3>{t("cases.body")}</h3>
      <Facts
        pairs={entries.map(([name, value]): [string, preact.ComponentChildren] => [
          fieldTitle(fields, name),
          personal.has(name) ? (
            <Personal id={held.id} field={name} />
          ) : (
            <Value value={choiceTitle(fields, name, value)} />
          ),
        ])}
      />
    </section>
  );
}

/** Personal data is shown when it is asked for, and that is audited. */
function Personal({ id, field }: { id: string; field: string }) {
  const [value, setValue] = useState<Json | undefined>(undefined);
  const sending = useSending();
  if (value !== undefined) return value === null ? <>{t("cases.personal_none")}</> : <Value value={value} />;
  return (
    <>
      <Button
        small
        busy={sending.busy}
        onClick={() =>
          void sending
            .run(() => cases.personal(id, field))
            .then((answer) => {
              if (answer) setValue(answer.value);
            })
        }
      >
        {t("cases.personal_show")}
      </Button>
      <ProblemNote problem={sending.problem} />
    </>
  );
}
