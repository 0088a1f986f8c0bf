/** Jobs, law, documents and the state of the server, as docs/http.md describes them. */

import { read, readFile, send, type Params } from "./http";
import type { Json, Problem } from "./types";

// -- jobs ------------------------------------------------------------------------------------------------------

export type JobState = "accepted" | "running" | "successful" | "failed" | "dismissed";

export interface Job {
  id: string;
  kind: string;
  title: string;
  state: JobState;
  progress: number | null;
  message: string;
  title_en?: string;
  message_en?: string;
  created: string;
  started: string | null;
  finished: string | null;
  by: string;
  attempt: number;
  limits: { memory_mb?: number | null; cpu_s?: number | null; time_s?: number | null };
  result: Record<string, Json> | null;
  problem: Problem | null;
}

export const jobs = {
  list: (filter: Params, signal?: AbortSignal) => read<{ jobs: Job[] }>("/app/jobs", filter, signal),
  one: (id: string, signal?: AbortSignal) => read<Job>(`/app/jobs/${encodeURIComponent(id)}`, {}, signal),
  stop: (id: string) => send<Job | null>(`/app/jobs/${encodeURIComponent(id)}`, { method: "DELETE" }),
  importFile: (file: File, options: Params) =>
    send<Job>("/app/import", {
      raw: file,
      params: { ...options, filename: file.name },
      headers: { Prefer: "respond-async", "Content-Type": "application/octet-stream" },
    }),
};

// -- law -------------------------------------------------------------------------------------------------------

/** Seen in the document, from one source, uncertain; or no law but our own choice. */
export type Confidence = "C" | "C1" | "M" | "own";

export interface Rule {
  id: string;
  kind: "rule" | "table" | "codes" | "thresholds" | "calendar" | "text";
  title: string;
  title_en: string;
  document: string;
  clause: string;
  valid_from: string | null;
  valid_to: string | null;
  transition: { applies_to: string; date: string | null; text: string; text_en: string }[];
  confidence: Confidence;
  /** The worst mark of any of its rows. */
  weakest: Confidence;
  source: string;
  countersigned: { by?: string; at: string } | null;
  state: "shipped" | "draft" | "signed" | "replaced";
  usable: boolean;
  /** Counts versions of the rule. */
  number: number;
  /** Counts changes of its record: what an edit must have seen. */
  version: number;
  note: string;
  note_en: string;
}

export interface SheetCell {
  text: string;
  text_en: string;
  confidence?: Confidence;
  rgb?: string | number[];
}

export interface Sheet {
  title: string;
  title_en: string;
  columns: { name: string; title: string; title_en: string; unit: string }[];
  rows: Record<string, SheetCell>[];
}

export interface RuleDetail extends Rule {
  sources: { key: string; title: string; title_en: string }[];
  content: { text: string; text_en: string; sheets: Sheet[]; data: Json };
  versions: {
    number: number;
    version: number;
    state: Rule["state"];
    document: string;
    valid_from: string | null;
    valid_to: string | null;
    recorded_from: string | null;
  }[];
}

export interface LawChange {
  date: string;
  rule: string;
  title: string;
  title_en?: string;
  what: "begins" | "ends";
  text: string;
  text_en: string;
}

const rulePath = (id: string): string => `/app/law/${id.split("/").map(encodeURIComponent).join("/")}`;

export const law = {
  search: (filter: Params, signal?: AbortSignal) =>
    read<{ rules: Rule[]; total: number }>("/app/law", filter, signal),
  one: (id: string, options: Params, signal?: AbortSignal) => read<RuleDetail>(rulePath(id), options, signal),
  changes: (start: string, end: string, signal?: AbortSignal) =>
    read<{ changes: LawChange[] }>("/app/law/changes", { start, end }, signal),
  calendar: (start: string, end: string, signal?: AbortSignal) =>
    read<{
      days: {
        date: string;
        working: boolean;
        name: string;
        name_en: string;
        source: "week" | "library" | "record";
        provisional?: boolean;
      }[];
    }>("/app/law/calendar", { start, end }, signal),
  propose: (id: string, rule: unknown, seen: number, reason: string) =>
    send<RuleDetail>(rulePath(id), { body: { rule, seen, reason } }),
  countersign: (id: string, seen: number, number: number) =>
    send<RuleDetail>(`${rulePath(id)}/countersign`, { body: { seen, number } }),
};

// -- documents -------------------------------------------------------------------------------------------------

export type Outcome = "valid" | "revoked" | "forged" | "unknown_key" | "expired_key" | "altered" | "not_ours";

export interface IssuedDocument {
  id: string;
  template: string;
  title: string;
  issued: string;
  by: string;
  sha256: string;
  canonical: Record<string, Json>;
  token: string;
  key: string;
  state: "valid" | "revoked";
  pdf: string;
}

/** What the genuine document says. */
export interface Genuine {
  id?: string;
  issued?: string;
  key?: string;
  title?: string;
  subtitle?: string;
  issuer?: string;
  facts?: [name: string, value: Json][];
}

export interface Verification {
  outcome: Outcome;
  document: Genuine | null;
  text: string;
  text_en: string;
}

export const documents = {
  issue: (wish: { template: string; inputs: Record<string, Json>; at?: string; known_at?: string }) =>
    send<IssuedDocument>("/app/documents", { body: wish }),
  file: (issued: IssuedDocument) => readFile(issued.pdf),
  verifyToken: (token: string) => send<Verification>("/app/verify", { body: { token } }),
  verifyFile: (file: File) =>
    send<Verification>("/app/verify", { raw: file, headers: { "Content-Type": "application/pdf" } }),
  keys: (signal?: AbortSignal) =>
    read<{
      keys: {
        id: string;
        public: string;
        valid_from: string | null;
        valid_to: string | null;
        revoked: string | boolean | null;
      }[];
    }>("/app/verify/keys", {}, signal),
};

// -- running it ------------------------------------------------------------------------------------------------

export interface Check {
  name: string;
  title: string;
  title_en: string;
  state: "ok" | "warning" | "bad" | "unknown";
  text: string;
  text_en: string;
  hint: string;
  hint_en?: string;
}

export interface RetentionClass {
  name: string;
  title: string;
  title_en: string;
  days: number | null;
  rule: string;
  held: number;
  oldest: string | null;
  forgotten: number;
}

export const running = {
  doctor: (signal?: AbortSignal) => read<{ ok: boolean; checks: Check[] }>("/app/doctor", {}, signal),
  retention: (signal?: AbortSignal) => read<{ classes: RetentionClass[] }>("/app/retention", {}, signal),
};
