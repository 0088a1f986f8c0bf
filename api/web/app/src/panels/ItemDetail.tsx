/** One feature: what it measures, its attributes, since when, from where, linked to what, and its history. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, isoTime } from "../api/client";
import type { Datastream, Field, Item, Json, LinkEnd, Source, TwinEvent, Version } from "../api/types";
import { formatDistance, formatArea, formatNumber } from "../format/number";
import { DAY, formatDate, formatDateTime, parseTime } from "../format/time";
import type { MessageKey } from "../i18n/messages";
import { flyTo } from "../map/flight";
import { middleOf } from "../map/middle";
import { looks } from "../map/sector";
import { detail, layerByName, opened, select, show } from "../state/city";
import { now, settledMoment } from "../state/clock";
import { lang, pick, t } from "../state/preferences";
import { primaryOf } from "../state/sources";
import { may } from "../state/viewer";
import { Age, freshnessOf } from "../ui/Age";
import { Link } from "../ui/Link";
import { Failed, Loading } from "../ui/States";
import { Chart } from "./Chart";
import { EventRow } from "./Overview";
import { Result } from "./Result";

export function ItemDetail({ item }: { item: Item }) {
  const layer = layerByName.value.get(item.layer);
  return (
    <div class="item">
      {item.datastreams.length > 0 && (
        <Measures streams={item.datastreams} liveKey={layer?.style.live?.key} />
      )}
      <Attributes properties={item.properties} fields={layer?.fields ?? []} />
      <Provenance item={item} happened={layer?.kind === "event"} />
      {looks(layer?.style.point) && <CameraEvents item={item} />}
      {item.links.length > 0 && <Links links={item.links} />}
      <History />
      {layer?.kind === "feature" && may("cases") && <ProposeLink item={item} />}
    </div>
  );
}

/** Who works on cases may propose a change of what they see. */
function ProposeLink({ item }: { item: Item }) {
  const chosen = new URLSearchParams({ layer: item.layer, fid: item.fid });
  return (
    <p class="item__history">
      <Link class="link" to={`cases/new?${chosen.toString()}`}>
        {t("plan.edit_start")}
      </Link>
    </p>
  );
}

// -- measurements ----------------------------------------------------------------------------------------------

function Measures({ streams, liveKey }: { streams: Datastream[]; liveKey: string | undefined }) {
  const first = primaryOf(streams, liveKey);
  const ordered = [first, ...streams.filter((stream) => stream !== first)];
  const numeric = ordered.find((stream) => typeof stream.result === "number");
  const charted = useSignal(numeric?.id ?? null);
  return (
    <section class="measures" aria-label={t("item.measures")}>
      <ul>
        {ordered.map((stream) => {
          const open = charted.value === stream.id;
          const freshness = freshnessOf(stream);
          return (
            <li key={stream.id}>
              <button
                class={`measure ${freshness === "fresh" ? "" : "device--old"}`}
                type="button"
                aria-expanded={open}
                onClick={() => (charted.value = open ? null : stream.id)}
              >
                <span class="measure__name">{pick(stream.title, stream.title_en) || stream.key}</span>
                <Result stream={stream} />
                <Age time={parseTime(stream.time)} freshness={freshness} />
              </button>
              {open &&
                (typeof stream.result === "number" || stream.result === null ? (
                  <Chart stream={stream} />
                ) : (
                  <p class="quiet measure__none">{t("ds.not_numeric")}</p>
                ))}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

// -- attributes ------------------------------------------------------------------------------------------------

function Attributes({ properties, fields }: { properties: Record<string, Json>; fields: Field[] }) {
  const known = new Map(fields.map((field) => [field.name, field]));
  const rows = [
    ...fields.filter((field) => field.name in properties).map((field) => field.name),
    ...Object.keys(properties).filter((name) => !known.has(name)),
  ].filter((name) => properties[name] !== null && properties[name] !== "");
  if (rows.length === 0) return <p class="quiet item__none">{t("item.no_properties")}</p>;
  return (
    <table class="tbl attributes">
      <tbody>
        {rows.map((name) => {
          const field = known.get(name);
          return (
            <tr key={name}>
              <th scope="row">{field ? pick(field.title || name, field.title_en) : name}</th>
              <td class={typeof properties[name] === "number" ? "n" : ""}>
                <Value value={properties[name] ?? null} field={field} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Value({ value, field }: { value: Json; field: Field | undefined }) {
  if (typeof value === "number") {
    const isYear = field?.type === "integer" && !field.unit && value >= 1800 && value <= 2200;
    return (
      <>
        {isYear ? String(value) : formatNumber(value, lang.value)}
        {field?.unit && <span class="unit"> {field.unit}</span>}
      </>
    );
  }
  if (typeof value === "boolean") return <>{t(value ? "item.yes" : "item.no")}</>;
  if (typeof value === "string") {
    const time = field?.type === "date" || field?.type === "datetime" ? parseTime(value) : null;
    if (time === null) return <>{value}</>;
    return <span class="num">{field?.type === "date" ? formatDate(time) : formatDateTime(time)}</span>;
  }
  return <code class="code">{JSON.stringify(value)}</code>;
}

// -- where it comes from ---------------------------------------------------------------------------------------

export function validText(from: string | null, to: string | null): string {
  const start = parseTime(from);
  const end = parseTime(to);
  if (start !== null && end !== null)
    return t("item.valid_range", { from: formatDateTime(start), to: formatDateTime(end) });
  if (start !== null) return t("item.valid_open", { from: formatDateTime(start) });
  if (end !== null) return t("item.valid_until", { to: formatDateTime(end) });
  return t("item.valid_unknown");
}

function Provenance({ item, happened }: { item: Item; happened: boolean }) {
  const start = parseTime(item.valid_from);
  const recorded = parseTime(item.recorded_from);
  const instant = happened && start !== null && item.valid_to === item.valid_from;
  return (
    <dl class="facts">
      <dt>{t(happened ? "item.happened" : "item.valid")}</dt>
      <dd>{instant ? formatDateTime(start) : validText(item.valid_from, item.valid_to)}</dd>
      <dt>{t("item.source")}</dt>
      <dd>
        <SourceText source={item.source} />
        {recorded !== null && (
          <span class="quiet"> {t("item.recorded", { time: formatDateTime(recorded) })}</span>
        )}
      </dd>
      {detail.data.value?.holds === false && <dd class="facts__note">{t("item.ended")}</dd>}
    </dl>
  );
}

function SourceText({ source }: { source: Source | null }) {
  if (source === null) return <>{t("item.source_unknown")}</>;
  const key = `source.${source.kind}` as MessageKey;
  const known = ["file", "connector", "user", "simulation"].includes(source.kind);
  return (
    <>
      {source.name} ({known ? t(key) : source.kind})
      {source.decision && <strong> {t("item.decision", { no: source.decision })}</strong>}
    </>
  );
}

// -- links and history -----------------------------------------------------------------------------------------

function Links({ links }: { links: LinkEnd[] }) {
  return (
    <section class="item__part">
      <h4>{t("item.links")}</h4>
      <ul class="links">
        {links.map((link) => (
          <li key={`${link.rule}/${link.layer}/${link.fid}/${link.direction}`}>
            <button class="link" type="button" onClick={() => void goTo(link.layer, link.fid)}>
              {link.name}
            </button>
            <span class="quiet">
              {layerTitle(link.layer) || link.title}
              {link.measure !== null && link.measure > 0 && ` · ${measureText(link)}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Nearest links measure a distance, overlaps an area; a rule's name says which. */
function measureText(link: LinkEnd): string {
  const target = layerByName.value.get(link.layer);
  const isArea = target?.geometry_type === "Polygon" && (link.measure ?? 0) > 50;
  return isArea ? formatArea(link.measure ?? 0, lang.value) : formatDistance(link.measure ?? 0, lang.value);
}

function layerTitle(name: string): string {
  const layer = layerByName.value.get(name);
  return layer ? pick(layer.title, layer.title_en) : "";
}

/** Follows a link: reads where the other end lies, shows its layer and opens it. */
async function goTo(layer: string, fid: string): Promise<void> {
  const found = await api.feature(settledMoment.peek(), layer, fid).catch(() => null);
  const place = found?.geometry ? middleOf(found.geometry) : null;
  if (!place) return;
  if (layerByName.value.has(layer)) show(layer, true);
  flyTo({ bbox: null, lon: place[0], lat: place[1] });
  select({ lon: place[0], lat: place[1], metres: 3, prefer: { layer, fid } });
}

function History() {
  const shown = useSignal(false);
  if (!shown.value) {
    return (
      <button class="link item__history" type="button" onClick={() => (shown.value = true)}>
        {t("item.history_show")}
      </button>
    );
  }
  const found = detail.data.value;
  const problem = detail.problem.value;
  if (!found || found.fid !== opened.value?.fid)
    return problem ? <Failed problem={problem} /> : <Loading rows={2} />;
  return (
    <section class="item__part">
      <h4>{t("item.history")}</h4>
      {found.history.length === 1 && <p class="quiet">{t("item.history_one")}</p>}
      <ol class="history">
        {found.history.map((version, index) => (
          <Past
            version={version}
            before={found.history[index - 1]}
            key={`${version.recorded_from}${version.valid_from}`}
          />
        ))}
      </ol>
    </section>
  );
}

function Past({ version, before }: { version: Version; before: Version | undefined }) {
  const replaced = parseTime(version.recorded_to);
  const recorded = parseTime(version.recorded_from);
  const changed = before
    ? Object.entries(version.properties).filter(
        ([name, value]) => JSON.stringify(value) !== JSON.stringify(before.properties[name]),
      )
    : [];
  return (
    <li class={replaced === null ? "" : "history__old"}>
      <p>{validText(version.valid_from, version.valid_to)}</p>
      <p class="quiet">
        <SourceText source={version.source} />
        {recorded !== null && ` · ${t("item.recorded", { time: formatDateTime(recorded) })}`}
        {replaced !== null && ` · ${t("item.superseded", { time: formatDateTime(replaced) })}`}
      </p>
      {changed.length > 0 && (
        <p class="num">
          {changed
            .slice(0, 4)
            .map(
              ([name, value]) =>
                `${name}: ${JSON.stringify(before?.properties[name] ?? null)} → ${JSON.stringify(value)}`,
            )
            .join("; ")}
        </p>
      )}
    </li>
  );
}

// -- cameras ---------------------------------------------------------------------------------------------------

const CAMERA_EVENTS = 200;
const SHOWN_EVENTS = 8;

/** Events lie where their camera stands; this far around it is asked. [degrees] */
const AROUND = 0.0001;

function CameraEvents({ item }: { item: Item }) {
  const found = useSignal<TwinEvent[] | null>(null);
  const moment = settledMoment.value;
  const held = detail.data.value;
  const place =
    held?.fid === item.fid && held.geometry?.type === "Point" ? held.geometry.coordinates.join() : "";
  useEffect(() => {
    const [lon, lat] = place.split(",").map(Number);
    if (lon === undefined || lat === undefined) return;
    const controller = new AbortController();
    const end = moment.at ?? now.peek();
    const bbox = [lon - AROUND, lat - AROUND, lon + AROUND, lat + AROUND].join();
    const range = { start: isoTime(end - DAY), end: isoTime(end), bbox, limit: CAMERA_EVENTS };
    api.events(moment, range, controller.signal).then(
      (answer) => (found.value = answer.events.filter((event) => seenBy(event, item))),
      () => (found.value = null),
    );
    return () => controller.abort();
  }, [moment, place]);
  if (found.value === null) return null;
  return (
    <section class="item__part">
      <h4>{t("item.camera_events")}</h4>
      <p class="quiet">{t("item.field_of_view")}</p>
      {found.value.length === 0 ? (
        <p class="quiet">{t("overview.no_events")}</p>
      ) : (
        <ul>
          {found.value.slice(0, SHOWN_EVENTS).map((event) => (
            <EventRow event={event} key={`${event.layer}/${event.fid}`} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** An event belongs to a camera when one of its attributes names it. */
export function seenBy(event: TwinEvent, camera: Item): boolean {
  const names = new Set([camera.fid, camera.title]);
  return Object.entries(event.properties).some(
    ([key, value]) =>
      /camera|device|source|uid|thing/i.test(key) && typeof value === "string" && names.has(value),
  );
}
