/** Reads of the server's public routes. One function per route, each with the time it is asked for. */

import type { FeatureCollection } from "geojson";
import { address, query, read, type Params } from "./http";
import type {
  Config,
  Events,
  FeatureDetail,
  Here,
  PlanAnswer,
  Layers,
  SearchResults,
  Series,
  State,
  Timeline,
} from "./types";

/** A moment of the city: null is now, and null for known is "everything recorded so far". [ms] */
export interface Moment {
  at: number | null;
  knownAt: number | null;
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function timeParams(moment: Moment): Params {
  return {
    at: moment.at === null ? null : isoTime(moment.at),
    known_at: moment.knownAt === null ? null : isoTime(moment.knownAt),
  };
}

export const api = {
  config: (signal?: AbortSignal) => read<Config>("/app/config", {}, signal),
  layers: (moment: Moment, signal?: AbortSignal) => read<Layers>("/app/layers", timeParams(moment), signal),
  state: (moment: Moment, signal?: AbortSignal) => read<State>("/app/state", timeParams(moment), signal),
  here: (moment: Moment, lon: number, lat: number, metres: number, signal?: AbortSignal) =>
    read<Here>("/app/here", { lon, lat, metres, ...timeParams(moment) }, signal),
  feature: (moment: Moment, layer: string, fid: string, signal?: AbortSignal) =>
    read<FeatureDetail>(
      `/app/features/${encodeURIComponent(layer)}/${fid.split("/").map(encodeURIComponent).join("/")}`,
      timeParams(moment),
      signal,
    ),
  lookup: (moment: Moment, lon: number, lat: number, signal?: AbortSignal) =>
    read<PlanAnswer>("/app/lookup", { lon, lat, ...timeParams(moment) }, signal),
  parcel: (moment: Moment, parcel: string, commune: string, signal?: AbortSignal) =>
    read<PlanAnswer>("/app/lookup", { parcel, commune: commune || null, ...timeParams(moment) }, signal),
  series: (moment: Moment, id: number, start: number, end: number, points: number, signal?: AbortSignal) =>
    read<Series>(
      `/app/series/${id}`,
      { start: isoTime(start), end: isoTime(end), points, ...timeParams(moment) },
      signal,
    ),
  events: (moment: Moment, options: Params, signal?: AbortSignal) =>
    read<Events>("/app/events", { ...options, ...timeParams(moment) }, signal),
  search: (moment: Moment, q: string, limit: number, signal?: AbortSignal) =>
    read<SearchResults>("/app/search", { q, limit, ...timeParams(moment) }, signal),
  timeline: (moment: Moment, start: number, end: number, layers: string, signal?: AbortSignal) =>
    read<Timeline>(
      "/app/timeline",
      { start: isoTime(start), end: isoTime(end), layers, known_at: timeParams(moment).known_at },
      signal,
    ),
};

/** Whole features of a layer, for the few that are needed beyond their tiles. */
export function layerItems(
  layer: string,
  moment: Moment,
  limit: number,
  signal?: AbortSignal,
): Promise<FeatureCollection> {
  const times = timeParams(moment);
  return read(
    `/ogc/collections/${layer}/items`,
    { limit, datetime: times.at, known_at: times.known_at },
    signal,
  );
}

/** Tiles of a vector layer: row before column, valid time is `datetime`. */
export function vectorTiles(layer: string, moment: Moment): string {
  const times = timeParams(moment);
  const search = query({ datetime: times.at, known_at: times.known_at });
  return address(`/ogc/collections/${layer}/tiles/WebMercatorQuad/`) + "{z}/{y}/{x}" + search;
}

export function rasterTiles(layer: string, moment: Moment, theme: string): string {
  return address(`/app/raster/${layer}/`) + "{z}/{x}/{y}.png" + query({ ...timeParams(moment), theme });
}
