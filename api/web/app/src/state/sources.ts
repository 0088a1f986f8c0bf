/** The sources whose age is watched: one cell each in the strip, one section each in the overview. */

import { computed } from "@preact/signals";
import type { Datastream, Freshness, LayerInfo } from "../api/types";
import { parseTime } from "../format/time";
import { freshnessAt, freshnessOf, viewedMoment } from "../ui/Age";
import { layerByName, layerList, shownLayers, state } from "./city";

export interface Device {
  uid: string;
  name: string;
  layer: string;
  /** What is shown of it in one line. */
  primary: Datastream;
  streams: Datastream[];
  lon: number | null;
  lat: number | null;
}

export interface WatchedSource {
  layer: LayerInfo;
  devices: Device[];
  fresh: number;
  newest: number | null;
  freshness: Freshness;
}

/** Devices by layer, each with its datastreams. */
const devices = computed(() => {
  const found = new Map<string, Map<string, Device>>();
  for (const stream of state.data.value?.datastreams ?? []) {
    const layer = found.get(stream.layer) ?? new Map<string, Device>();
    found.set(stream.layer, layer);
    const device = layer.get(stream.uid);
    if (device) device.streams.push(stream);
    else {
      const { uid, name, lon, lat } = stream;
      layer.set(uid, {
        uid,
        name: name || uid,
        layer: stream.layer,
        primary: stream,
        streams: [stream],
        lon,
        lat,
      });
    }
  }
  for (const [name, layer] of found) {
    const key = layerByName.value.get(name)?.style.live?.key;
    for (const device of layer.values()) device.primary = primaryOf(device.streams, key);
  }
  return found;
});

/** What people ask of a station first; its battery comes last. */
const ASKED_FIRST = ["water_level", "rain", "pm25", "pm10"];

/** The datastream a layer is drawn by, else what people ask of it first, else the first that gives numbers. */
export function primaryOf(streams: Datastream[], key: string | undefined): Datastream {
  const [first] = streams;
  if (!first) throw new Error("a device has at least one datastream");
  const asked = ASKED_FIRST.map((name) => streams.find((stream) => stream.observed_property === name));
  const numeric = streams.find((stream) => typeof stream.result === "number");
  return streams.find((stream) => stream.key === key) ?? asked.find(Boolean) ?? numeric ?? first;
}

/** Whether a layer's devices give a number in one line: those are listed, the others counted. */
export function measures(source: WatchedSource): boolean {
  return source.devices.some((device) => typeof device.primary.result === "number");
}

const GROUP_ORDER = ["sensors", "infrastructure", "cameras", "events", "simulation"];

export const watched = computed<WatchedSource[]>(() => {
  const at = viewedMoment();
  const found = layerList.value.flatMap((layer) => {
    const held = [...(devices.value.get(layer.name)?.values() ?? [])];
    if (held.length > 0) return [fromDevices(layer, held)];
    if (layer.max_age_s === null) return [];
    const newest = parseTime(layer.newest);
    return [{ layer, devices: [], fresh: 0, newest, freshness: freshnessAt(newest, layer.max_age_s, at) }];
  });
  const rank = (source: WatchedSource): number => {
    const index = GROUP_ORDER.indexOf(source.layer.group);
    return index < 0 ? GROUP_ORDER.length : index;
  };
  return found.sort(
    (a, b) => rank(a) - rank(b) || Number(measures(b)) - Number(measures(a)) || a.layer.order - b.layer.order,
  );
});

function fromDevices(layer: LayerInfo, held: Device[]): WatchedSource {
  const fresh = held.filter((device) => deviceFreshness(device) === "fresh").length;
  const times = held.flatMap((device) => device.streams.map((stream) => parseTime(stream.time) ?? 0));
  const newest = Math.max(0, ...times) || null;
  const freshness: Freshness =
    fresh > 0 ? "fresh" : held.some((d) => deviceFreshness(d) === "stale") ? "stale" : "missing";
  return { layer, devices: held, fresh, newest, freshness };
}

/** A device is as fresh as the freshest of what it measures. */
export function deviceFreshness(device: Device): Freshness {
  const all = device.streams.map(freshnessOf);
  return all.includes("fresh") ? "fresh" : all.includes("stale") ? "stale" : "missing";
}

/** The grid whose legend stands on the map: one shown that holds at the time looked at, simulations first. */
export const floatingGrid = computed<LayerInfo | null>(() => {
  const at = viewedMoment();
  const grids = shownLayers.value.filter(
    (layer) => layer.kind === "raster" && layer.legend.length > 0 && holds(layer, at),
  );
  return grids.toSorted((a, b) => (b.times?.length ?? 0) - (a.times?.length ?? 0))[0] ?? null;
});

/** Whether a grid is there at a time; one without times always is. */
export function holds(layer: LayerInfo, at: number): boolean {
  const times = (layer.times ?? []).map((time) => parseTime(time) ?? 0);
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return layer.count > 0;
  const step = times.length > 1 ? last - (times.at(-2) ?? last) : Infinity;
  return at >= first && at <= last + step;
}
