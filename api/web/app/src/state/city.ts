/** What the page holds of the city under the time cursor: layers, state, what is at a place. */

import { batch, computed, effect, signal } from "@preact/signals";
import { api } from "../api/client";
import type { Datastream, FeatureDetail, LayerInfo, ObservationItem } from "../api/types";
import { settledMoment } from "./clock";
import { remember, remembered } from "./preferences";
import { resource } from "./resource";
import { beforeViewerChanges, role } from "./viewer";

beforeViewerChanges(() => {
  clearSelection();
  layers.clear();
  state.clear();
});

export const layers = resource((signal) => {
  void role.value;
  return api.layers(settledMoment.value, signal);
});

export const state = resource((signal) => {
  void role.value;
  return api.state(settledMoment.value, signal);
});

export const layerList = computed<LayerInfo[]>(() => layers.data.value?.layers ?? []);
export const layerByName = computed(() => new Map(layerList.value.map((layer) => [layer.name, layer])));

// -- which layers are shown ------------------------------------------------------------------------------------

const SHOWN_AT_FIRST = new Set([
  "base",
  "national",
  "overview",
  "sensors",
  "events",
  "simulation",
  "buildings",
]);

/** A calm map to begin with: the ground, grids only if they move, what speaks, what happens. */
function shownAtFirst(layer: LayerInfo): boolean {
  const still = layer.kind === "raster" && (layer.times?.length ?? 0) <= 1;
  return SHOWN_AT_FIRST.has(layer.group) && !still;
}

type Choice = Record<string, boolean>;

function keptChoice(): Choice {
  try {
    return JSON.parse(remembered("layers") ?? "{}") as Choice;
  } catch {
    return {};
  }
}

const choice = signal<Choice>(keptChoice());

export function isShown(layer: LayerInfo): boolean {
  return choice.value[layer.name] ?? shownAtFirst(layer);
}

export function show(name: string, shown: boolean): void {
  choice.value = { ...choice.value, [name]: shown };
  remember("layers", JSON.stringify(choice.value));
}

export const shownLayers = computed(() => layerList.value.filter(isShown));

// -- what is selected ------------------------------------------------------------------------------------------

export interface Selection {
  lon: number;
  lat: number;
  /** Reach of the click. [m] */
  metres: number;
  /** The feature meant, where one was pointed at. */
  prefer?: { layer: string; fid: string };
}

export const selection = signal<Selection | null>(null);

/** The feature whose row is open in the panel. */
export const opened = signal<{ layer: string; fid: string } | null>(null);

export const here = resource((signal) => {
  void role.value;
  const place = selection.value;
  return place === null ? null : api.here(settledMoment.value, place.lon, place.lat, place.metres, signal);
});

/** The open feature with its geometry; what the map outlines. */
export const detail = resource<FeatureDetail>((signal) => {
  void role.value;
  const wanted = opened.value;
  return wanted === null ? null : api.feature(settledMoment.value, wanted.layer, wanted.fid, signal);
});

export const hasPlans = computed(() => layerList.value.some((layer) => layer.group === "planning"));

export const lookup = resource((signal) => {
  void role.value;
  const place = selection.value;
  if (place === null || !hasPlans.value) return null;
  return api.lookup(settledMoment.value, place.lon, place.lat, signal);
}, true);

/** Opens the place of a click, or of a search result. */
export function select(place: Selection): void {
  batch(() => {
    selection.value = place;
    opened.value = place.prefer ?? null;
  });
}

export function clearSelection(): void {
  batch(() => {
    selection.value = null;
    opened.value = null;
  });
}

/** Where nothing was pointed at, the nearest and smallest feature is the one opened. */
effect(() => {
  const found = here.data.value?.items;
  if (!found || found.length === 0) return;
  const current = opened.peek();
  if (current && found.some((item) => item.layer === current.layer && item.fid === current.fid)) return;
  const prefer = selection.peek()?.prefer;
  const first = found.find((item) => item.layer === prefer?.layer && item.fid === prefer.fid) ?? found[0];
  if (first) opened.value = { layer: first.layer, fid: first.fid };
});

// -- news from the live stream ----------------------------------------------------------------------------------

/** The newest observations by datastream, for charts that are open. */
export const news = signal<readonly ObservationItem[]>([]);

/** Puts new observations into the state held, without asking for all of it again. */
export function applyObservations(items: readonly ObservationItem[]): void {
  const newest = new Map<number, ObservationItem>();
  for (const item of items) {
    const known = newest.get(item.datastream);
    if (!known || known.time < item.time) newest.set(item.datastream, item);
  }
  const renewed = (stream: Datastream): Datastream => {
    const item = newest.get(stream.id);
    if (!item || (stream.time !== null && item.time < stream.time)) return stream;
    return {
      ...stream,
      result: item.result,
      time: item.time,
      quality: item.quality,
      freshness: "fresh",
      age_s: null,
    };
  };
  batch(() => {
    state.patch((held) => ({ ...held, datastreams: held.datastreams.map(renewed) }));
    here.patch((held) => ({
      ...held,
      items: held.items.map((item) =>
        item.datastreams.length === 0 ? item : { ...item, datastreams: item.datastreams.map(renewed) },
      ),
    }));
    news.value = items;
  });
}
