/** Reads of the server's public routes. One function per route, each with the time it is asked for. */

import type { FeatureCollection } from "geojson";
import type {
  Config,
  Events,
  FeatureDetail,
  Here,
  PlanAnswer,
  Layers,
  Problem,
  Role,
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

/** What went wrong, in the shape every error has on this server. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export type Params = Record<string, string | number | boolean | null | undefined>;

let actingRole: Role | null = null;

/** In open mode every request is made in this role. */
export function actAs(role: Role | null): void {
  actingRole = role;
}

export function roleHeaders(): Record<string, string> {
  return actingRole === null ? {} : { "X-Twin-Role": actingRole };
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

export function query(params: Params): string {
  const pairs = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
  if (pairs.length === 0) return "";
  return "?" + pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join("&");
}

/** Addresses are relative to the page, so that the application also works behind a path prefix. */
export function address(path: string, params: Params = {}): string {
  return new URL("." + path + query(params), document.baseURI).href;
}

async function read<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  const options: RequestInit = {
    headers: { Accept: "application/json, application/geo+json;q=0.9", ...roleHeaders() },
  };
  if (signal) options.signal = signal;
  const response = await fetch(address(path, params), options).catch((reason: unknown) => {
    if (signal?.aborted) throw reason;
    throw new ProblemError(unreachable(path));
  });
  if (!response.ok) throw new ProblemError(await problemOf(response, path));
  return (await response.json()) as T;
}

function unreachable(path: string): Problem {
  return { type: "urn:twin:problem:unreachable", title: "", status: 0, detail: "", where: path };
}

async function problemOf(response: Response, path: string): Promise<Problem> {
  const known: Problem = {
    type: "about:blank",
    title: response.statusText,
    status: response.status,
    detail: "",
    where: path,
  };
  try {
    return { ...known, ...((await response.json()) as Partial<Problem>) };
  } catch {
    return known;
  }
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
