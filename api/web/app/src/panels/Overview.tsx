/** How the stations are at the time looked at, and what happened lately. */

import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import { formatClock, formatDateTime, parseTime, DAY, MINUTE } from "../format/time";
import { flyTo } from "../map/flight";
import { layerByName, select, state } from "../state/city";
import { role } from "../state/viewer";
import { now, settledMoment } from "../state/clock";
import { pick, t } from "../state/preferences";
import { resource } from "../state/resource";
import { deviceFreshness, measures, watched, type Device, type WatchedSource } from "../state/sources";
import { Age, freshnessOf, viewedMoment } from "../ui/Age";
import { Empty, Failed, Loading } from "../ui/States";
import { focusLayer } from "./focus";
import { Result } from "./Result";
import { computed } from "@preact/signals";
import type { TwinEvent } from "../api/types";

const ROWS_AT_FIRST = 6;
const RECENT = 8;

export function Overview() {
  const problem = state.problem.value;
  const sources = watched.value.filter((source) => source.devices.length > 0);
  return (
    <>
      <div class="panel__head">
        <h2>{t("overview.title")}</h2>
        <span class="quiet end num">{formatDateTime(viewedMoment())}</span>
      </div>
      <div class="panel__body">
        {state.data.value === null ? (
          problem ? (
            <Failed problem={problem} retry={state.reload} />
          ) : (
            <Loading rows={6} />
          )
        ) : sources.length === 0 ? (
          <Empty title={t("overview.empty")}>
            <p>{t("overview.empty_hint")}</p>
          </Empty>
        ) : (
          sources.map((source) => <Station source={source} key={source.layer.name} />)
        )}
        <RecentEvents />
      </div>
    </>
  );
}

function Station({ source }: { source: WatchedSource }) {
  const { layer, devices, fresh, newest, freshness } = source;
  const [all, setAll] = useState(false);
  const head = useRef<HTMLElement>(null);
  const focused = focusLayer.value === layer.name;
  useEffect(() => {
    if (!focused) return;
    setAll(true);
    head.current?.scrollIntoView({ block: "start" });
    focusLayer.value = null;
  }, [focused]);
  const listed = measures(source) || all;
  const rows = listed ? devices.slice(0, all ? devices.length : ROWS_AT_FIRST) : [];
  const silent = devices.filter((device) => deviceFreshness(device) !== "fresh");
  const partial = fresh > 0 && silent.length > 0;
  return (
    <section class="station" ref={head}>
      <header>
        <h3>{pick(layer.title, layer.title_en)}</h3>
        <span class="quiet">
          {partial
            ? t("overview.partial", { n: fresh, all: devices.length })
            : t("overview.devices", { n: devices.length })}
        </span>
        <span class="end">
          <Age time={newest} freshness={freshness} />
        </span>
      </header>
      {partial && listed && <p class="bar-note">{t("overview.partial_note", { names: namesOf(silent) })}</p>}
      {rows.length > 0 && (
        <ul>
          {rows.map((device) => (
            <Row device={device} key={device.uid} />
          ))}
        </ul>
      )}
      {!all && devices.length > rows.length && (
        <button class="station__all link" type="button" onClick={() => setAll(true)}>
          {t("overview.show_all", { n: devices.length })}
        </button>
      )}
    </section>
  );
}

const NAMED = 3;

function namesOf(devices: Device[]): string {
  const names = devices.slice(0, NAMED).map((device) => device.name);
  const rest = devices.length - names.length;
  return names.join(", ") + (rest > 0 ? ` ${t("overview.others", { n: rest })}` : "");
}

function Row({ device }: { device: Device }) {
  const { primary, lon, lat } = device;
  const freshness = freshnessOf(primary);
  const go = (): void => {
    if (lon === null || lat === null) return;
    flyTo({ bbox: null, lon, lat, zoom: 16 });
    select({ lon, lat, metres: 5, prefer: { layer: device.layer, fid: device.uid } });
  };
  return (
    <li>
      <button class={`device ${freshness === "fresh" ? "" : "device--old"}`} type="button" onClick={go}>
        <span class="device__name">
          {device.name}
          <small>{pick(primary.title, primary.title_en)}</small>
        </span>
        <Result stream={primary} />
        <Age time={parseTime(primary.time)} freshness={freshness} />
      </button>
    </li>
  );
}

const minute = computed(() => Math.floor(now.value / MINUTE));

const recent = resource((signal) => {
  void role.value;
  void minute.value;
  const moment = settledMoment.value;
  const end = moment.at ?? now.peek();
  const isoStart = new Date(end - DAY).toISOString();
  return api.events(moment, { start: isoStart, end: new Date(end).toISOString(), limit: RECENT }, signal);
});

function RecentEvents() {
  const found = recent.data.value;
  if (!found) return null;
  return (
    <section class="station">
      <header>
        <h3>{t("overview.events")}</h3>
      </header>
      {found.events.length === 0 ? (
        <p class="station__none quiet">{t("overview.no_events")}</p>
      ) : (
        <ul>
          {found.events.map((event) => (
            <EventRow event={event} key={`${event.layer}/${event.fid}`} />
          ))}
        </ul>
      )}
    </section>
  );
}

export function EventRow({ event }: { event: TwinEvent }) {
  const start = parseTime(event.start);
  const place = pointOf(event);
  const layer = layerByName.value.get(event.layer);
  const go = (): void => {
    if (!place) return;
    const [lon, lat] = place;
    flyTo({ bbox: null, lon, lat, zoom: 17 });
    select({ lon, lat, metres: 5, prefer: { layer: event.layer, fid: event.fid } });
  };
  return (
    <li>
      <button class="device" type="button" onClick={go} disabled={!place}>
        <span class="device__name">
          {event.title}
          <small>{layer ? pick(layer.title, layer.title_en) : event.layer}</small>
        </span>
        <span class="num device__when" title={start === null ? "" : formatDateTime(start)}>
          {start === null ? "" : formatClock(start)}
        </span>
      </button>
    </li>
  );
}

function pointOf(event: TwinEvent): [number, number] | null {
  if (event.geometry?.type !== "Point") return null;
  const [lon, lat] = event.geometry.coordinates;
  return lon === undefined || lat === undefined ? null : [lon, lat];
}
