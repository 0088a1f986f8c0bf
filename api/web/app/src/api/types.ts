/** Shapes of the answers that docs/http.md describes. Times are RFC 3339 in UTC. */

import type { Geometry } from "geojson";
import type { LogEntry } from "./cases";

export type Freshness = "fresh" | "stale" | "missing";
export type Role =
  "citizen" | "planner" | "reviewer" | "operator" | "duty_officer" | "integrator" | "administrator";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Box = [west: number, south: number, east: number, north: number];

export interface Answered {
  at: string | null;
  known_at: string | null;
}

export interface Config extends Answered {
  title: string;
  title_en: string;
  synthetic: boolean;
  access: "open" | "closed";
  viewer: { name: string; role: Role };
  roles: Role[];
  bbox: Box | null;
  center: [number, number] | null;
  now: string;
  time_start: string | null;
  seq: number;
  version: string;
}

export type Pattern = "hatch" | "hatch_back" | "cross" | "dots" | "grid" | "dense";

/** One class or stop of a style; see layers/styles.py. */
export interface StyleClass {
  value?: Json;
  from?: number | null;
  to?: number | null;
  color: string;
  color_night?: string;
  label?: string;
  label_en?: string;
  pattern?: Pattern;
}

export interface Paint {
  color?: string;
  color_night?: string;
  label?: string;
  label_en?: string;
  by?: string;
  classes?: StyleClass[];
  opacity?: number;
}

export interface FillStyle extends Paint {
  outline?: string;
  outline_night?: string;
  pattern?: Pattern;
}

export interface LineStyle extends Paint {
  width?: number;
  width_by?: string;
  dash?: number[];
  casing?: string;
  casing_night?: string;
  casing_width?: number;
}

export type PointShape = "circle" | "square" | "triangle" | "diamond" | "sector";

export interface PointStyle extends Paint {
  shape?: PointShape;
  radius?: number;
  stroke?: string;
  stroke_night?: string;
  stroke_width?: number;
  cluster?: boolean;
  azimuth?: string;
  angle?: string | number;
  range?: string | number;
}

export interface LabelStyle {
  field?: string;
  size?: number;
  color?: string;
  color_night?: string;
  halo?: string;
  halo_night?: string;
  min_zoom?: number;
  placement?: "point" | "line";
  weight?: "regular" | "strong";
  priority?: number;
}

export interface LayerStyle {
  minzoom?: number;
  maxzoom?: number;
  fill?: FillStyle;
  line?: LineStyle;
  point?: PointStyle;
  label?: LabelStyle;
  raster?: { opacity?: number; smooth?: boolean; stops?: StyleClass[] };
  live?: { key?: string; classes?: StyleClass[] };
}

export interface LegendSymbol extends FillStyle, Omit<LineStyle, "pattern">, Omit<PointStyle, "pattern"> {
  kind: "fill" | "line" | "point" | "raster";
}

export interface LegendEntry {
  label: string;
  label_en: string;
  symbol: LegendSymbol;
}

export interface Field {
  name: string;
  type: "string" | "integer" | "number" | "boolean" | "date" | "datetime" | "json";
  title: string;
  title_en: string;
  unit: string;
}

export interface LayerInfo {
  name: string;
  title: string;
  title_en: string;
  description: string;
  kind: "feature" | "event" | "raster";
  geometry_type: string;
  group: string;
  style: LayerStyle;
  legend: LegendEntry[];
  count: number;
  extent: Box | null;
  newest: string | null;
  freshness: Freshness;
  max_age_s: number | null;
  revision: number;
  synthetic: boolean;
  attribution: string;
  licence: string;
  min_zoom: number;
  order: number;
  access: string;
  fields: Field[];
  unit?: string;
  times?: string[];
}

export interface Layers extends Answered {
  layers: LayerInfo[];
}

export interface Datastream {
  id: number;
  thing: number;
  layer: string;
  uid: string;
  name: string;
  key: string;
  title: string;
  title_en: string;
  observed_property: string;
  unit: string;
  result: Json;
  time: string | null;
  quality: string | null;
  reason: string;
  freshness: Freshness;
  age_s: number | null;
  max_age_s: number | null;
  /** How many decimals the quantity is shown with. */
  decimals: number | null;
  lon: number | null;
  lat: number | null;
}

export interface State extends Answered {
  counts: Record<Freshness, number>;
  datastreams: Datastream[];
}

export interface Source {
  id: number;
  kind: string;
  name: string;
  decision: string;
  recorded_at: string | null;
}

export interface LinkEnd {
  rule: string;
  title: string;
  layer: string;
  fid: string;
  name: string;
  measure: number | null;
  direction: "to" | "from";
}

export interface Item {
  layer: string;
  layer_title: string;
  layer_title_en?: string;
  fid: string;
  title: string;
  distance_m: number;
  properties: Record<string, Json>;
  valid_from: string | null;
  valid_to: string | null;
  recorded_from: string | null;
  source: Source | null;
  datastreams: Datastream[];
  links: LinkEnd[];
  synthetic: boolean;
}

export interface RasterValue {
  layer: string;
  title: string;
  title_en?: string;
  value: number | null;
  unit: string;
  time: string | null;
}

export interface Here extends Answered {
  items: Item[];
  rasters: RasterValue[];
  more?: boolean;
}

export interface Version {
  valid_from: string | null;
  valid_to: string | null;
  recorded_from: string | null;
  recorded_to: string | null;
  properties: Record<string, Json>;
  source: Source | null;
}

export interface FeatureDetail extends Item, Answered {
  geometry: Geometry | null;
  holds?: boolean;
  history: Version[];
}

/** Time in ms, mean, least, greatest, count. */
export type SeriesPoint = [number, number | null, number | null, number | null, number];

export interface Series extends Answered {
  datastream: Datastream;
  start: string;
  end: string;
  bucket_s: number;
  points: SeriesPoint[];
}

export interface TwinEvent {
  layer: string;
  fid: string;
  title: string;
  start: string | null;
  end: string | null;
  geometry: Geometry | null;
  properties: Record<string, Json>;
}

export interface Events extends Answered {
  events: TwinEvent[];
  more?: boolean;
}

export interface SearchResult {
  layer: string;
  layer_title: string;
  layer_title_en?: string;
  fid: string;
  title: string;
  subtitle: string;
  lon: number | null;
  lat: number | null;
  bbox: Box | null;
}

export interface SearchResults extends Answered {
  results: SearchResult[];
}

export interface Timeline extends Answered {
  breakpoints: string[];
  events: { time: string; layer: string; title: string }[];
  event_window_s?: Record<string, number>;
}

export interface ObservationItem {
  datastream: number;
  uid: string;
  layer: string;
  key: string;
  time: string;
  result: Json;
  quality: string;
}

export interface Change {
  seq: number;
  recorded_at: string;
  kind: "observation" | "event" | "feature" | "layer" | "quarantine" | "record";
  layer: string;
  items: (ObservationItem | { fid: string } | { kind: string; key: string })[];
}

/** RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  where?: string;
  hint?: string;
  instance?: string;
  id?: string;
  /** From the answer's head: how long to wait. [s] */
  retry_after_s?: number;
  /** With a 409 about a case: what was done since the version that was seen. */
  changed?: LogEntry[];
}

// -- planning answer (layers/planning/answer.py) -------------------------------------------------------------------

export interface PlanFigures {
  density_max: number | null;
  floors_min: number | null;
  floors_max: number | null;
  height_max: number | null;
  far_max: number | null;
  setback_m: number | null;
}

export interface PlanOption extends PlanFigures {
  plan: string;
  zone: string;
  function: string;
  function_name: string;
}

export interface PlanPart extends Partial<PlanOption> {
  kind: "zone" | "conflict" | "no_data";
  area_m2: number | null;
  share: number | null;
  function_name: string;
  options?: PlanOption[];
  reason?: string;
}

export interface PlanNote {
  code: string;
  name: string;
  level: string;
  scale: string;
  decision: string;
  decision_date: string | null;
  authority: string;
  status: string;
  answers: boolean;
  reason_code: string;
  reason: string;
  valid_from: string | null;
  area_m2: number | null;
}

export interface PlanParcel {
  fid: string;
  sheet: string;
  plot: string;
  commune: string;
  old_commune: string;
  old_sheet: string;
  old_plot: string;
  area_m2: number;
}

export interface PlanAnswer extends Answered {
  status: "found" | "several" | "no_parcel" | "not_found";
  summary: string;
  parcel: PlanParcel | null;
  candidates: PlanParcel[];
  parts: PlanPart[];
  plans: PlanNote[];
  land_use: { code: string; name: string; area_m2: number | null; share: number | null }[];
  flags: { code: string; text: string }[];
  data_date: string | null;
  missing_layers: string[];
  disclaimer: string;
  disclaimer_en: string;
}
