/** Cases and citizens' reports, as docs/http.md describes them. */

import type { FeatureCollection, Geometry } from "geojson";
import { address, read, send, type Params } from "./http";
import type { Json, Role } from "./types";

export interface Choice {
  value: string;
  title: string;
  title_en: string;
}

export type FieldType =
  "text" | "longtext" | "choice" | "number" | "boolean" | "date" | "file" | "place" | "json";

export interface FormField {
  name: string;
  type: FieldType;
  title: string;
  title_en: string;
  required: boolean;
  choices?: Choice[];
  unit?: string;
  personal?: boolean;
  many?: boolean;
}

export interface CaseState {
  name: string;
  title: string;
  title_en: string;
  end: boolean;
}

export interface Transition {
  name: string;
  title: string;
  title_en: string;
  from: string[];
  to: string;
  roles: Role[];
  approvals: number;
  reason: "required" | "optional" | "none";
  form: FormField[];
  /** Fields of the kind's own form that may be changed along. */
  edits?: string[];
}

export interface CaseKind {
  name: string;
  version: number;
  title: string;
  title_en: string;
  states: CaseState[];
  initial: string;
  transitions: Transition[];
  clocks: { name: string; title: string; title_en: string }[];
  form: FormField[];
  open_roles?: Role[];
}

export interface CaseClock {
  name: string;
  title: string;
  title_en: string;
  state: "running" | "stopped" | "met" | "missed" | "cancelled";
  due: string | null;
  /** Working time left; negative when it is over. [s] */
  left_s: number | null;
  /** How much of the clock's time is used. */
  share: number | null;
}

export interface Case {
  id: string;
  code: string;
  kind: string;
  kind_version: number;
  kind_title?: string;
  kind_title_en?: string;
  title: string;
  state: string;
  state_title: string;
  state_title_en: string;
  version: number;
  opened: string;
  changed: string;
  lon: number | null;
  lat: number | null;
  assigned: { person: string; name: string } | null;
  approvals: Record<string, { have: number; need: number }>;
  clocks: CaseClock[];
}

export interface LogEntry {
  number: number;
  time: string;
  actor: string;
  role: string;
  /** What was done: open, transition, approval, assign, note, attach, link, clock, migrate. */
  act: string;
  transition: string | null;
  from: string | null;
  to: string | null;
  reason: string;
  changes: Record<string, Json>;
  note: string;
  assigned?: string | null;
}

export interface CaseFile {
  file: string;
  name: string;
  size: number;
  media?: string;
  public?: boolean;
}

export interface CaseDetail extends Case {
  body: Record<string, Json>;
  files: CaseFile[];
  links: Json[];
  log: LogEntry[];
  actions: string[];
}

export interface Preview {
  before: FeatureCollection;
  after: FeatureCollection;
  changes: {
    fid: string;
    what: "new" | "changed" | "ends";
    valid_from: string | null;
    valid_to: string | null;
    area_before_m2: number | null;
    area_after_m2: number | null;
    attributes: { name: string; before: Json; after: Json }[];
  }[];
  problems: { code: string; fid: string; text: string; text_en: string; blocks: boolean }[];
}

export interface PlanChange {
  fid: string;
  geometry: Geometry | null;
  properties: Record<string, Json> | null;
  valid_from: string | null;
  valid_to: string | null;
}

export interface Act {
  transition: string;
  seen: number;
  reason?: string;
  changes?: Record<string, Json>;
}

const path = (id: string): string => `/app/cases/${encodeURIComponent(id)}`;

export const cases = {
  kinds: (signal?: AbortSignal) => read<{ kinds: CaseKind[] }>("/app/case-kinds", {}, signal),
  list: (filter: Params, signal?: AbortSignal) =>
    read<{ cases: Case[]; total: number }>("/app/cases", filter, signal),
  one: (id: string, signal?: AbortSignal) => read<CaseDetail>(path(id), {}, signal),
  open: (body: { kind: string; body: unknown; lon?: number; lat?: number; links?: unknown[] }) =>
    send<Case>("/app/cases", { body }),
  act: (id: string, body: Act) => send<Case>(`${path(id)}/act`, { body }),
  assign: (id: string, person: string | null, seen: number) =>
    send<Case>(`${path(id)}/assign`, { body: { person, seen } }),
  note: (id: string, text: string) => send<Case>(`${path(id)}/note`, { body: { text } }),
  attach: (id: string, file: File) =>
    send<CaseFile>(`${path(id)}/files`, {
      raw: file,
      params: { filename: file.name },
      headers: { "Content-Type": file.type || "application/octet-stream" },
    }),
  fileAddress: (id: string, file: string) => address(`${path(id)}/files/${encodeURIComponent(file)}`),
  personal: (id: string, field: string) =>
    read<{ value: Json }>(`${path(id)}/personal/${encodeURIComponent(field)}`),
  preview: (id: string, signal?: AbortSignal) => read<Preview>(`${path(id)}/preview`, {}, signal),
};

// -- citizens' reports ---------------------------------------------------------------------------------------------

export interface ReportCategory {
  value: string;
  title: string;
  title_en: string;
  /** Working days to resolve it. */
  days: number | null;
}

export interface ReportReceipt {
  code: string;
  state: string;
  duplicate_of: string | null;
  status: string;
  /** Lets who reported it answer; told once. */
  secret: string;
}

/** Until an officer has accepted it only code, state, times and steps are told. */
export interface ReportStatus {
  code: string;
  category: string | null;
  category_title: string | null;
  category_title_en: string | null;
  state: string;
  state_title: string;
  state_title_en: string;
  opened: string;
  changed: string;
  due: string | null;
  lon: number | null;
  lat: number | null;
  steps: { state: string; title: string; title_en: string; time: string | null }[];
  text: string | null;
  answer: string | null;
  unit: string | null;
  photos: string[] | null;
  duplicates: number | null;
  duplicate_of: string | null;
  reason: string | null;
  may_answer: boolean;
}

export interface PhotoBox {
  x: number;
  y: number;
  w: number;
  h: number;
  what: "face" | "plate" | "";
}

export interface ReportPhoto {
  photo: number;
  width: number;
  height: number;
  boxes: PhotoBox[];
  published: boolean;
  url: string;
}

const reportPath = (code: string): string => `/app/reports/${encodeURIComponent(code)}`;

export const reports = {
  categories: (signal?: AbortSignal) =>
    read<{ categories: ReportCategory[] }>("/app/reports/categories", {}, signal),
  send: (form: FormData) => send<ReportReceipt>("/app/reports", { raw: form }),
  list: (filter: Params, signal?: AbortSignal) =>
    read<{ reports: ReportStatus[] }>("/app/reports", filter, signal),
  one: (code: string, signal?: AbortSignal) => read<ReportStatus>(reportPath(code), {}, signal),
  answer: (code: string, body: { answer: "confirm" | "reopen"; secret: string; text?: string }) =>
    send<ReportStatus>(`${reportPath(code)}/answer`, { body }),
  photos: (code: string, signal?: AbortSignal) =>
    read<{ photos: ReportPhoto[] }>(`${reportPath(code)}/photos`, {}, signal),
  publish: (code: string, photo: number, seen: number, boxes: readonly PhotoBox[]) =>
    send<Case>(`${reportPath(code)}/photos/${photo}/publish`, { body: { seen, boxes } }),
  withdraw: (code: string, photo: number, seen: number) =>
    send<Case>(`${reportPath(code)}/photos/${photo}/withdraw`, { body: { seen } }),
};
