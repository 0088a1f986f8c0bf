/** Sessions, people, tokens, policy and audit, as docs/http.md describes them. */

import { address, read, send, type Params } from "./http";
import type { Json, Role } from "./types";

export type Right = "write" | "simulate" | "work" | "cases" | "documents" | "law" | "administer" | "audit";
export type Duty = "password" | "second_factor";

export interface Session {
  viewer: { name: string; role: Role; person: string | null };
  account?: string | null;
  second_factor?: boolean;
  roles: Role[];
  rights: Right[];
  csrf: string | null;
  expires: string | null;
  must: Duty[];
  oidc: { name: string; title: string }[];
}

export interface OwnSession {
  id: string;
  created: string | null;
  last_used: string | null;
  expires: string | null;
  this: boolean;
}

export interface SecondFactor {
  secret: string;
  uri: string;
  qr: string;
}

export const session = {
  now: (signal?: AbortSignal) => read<Session>("/app/session", {}, signal),
  signIn: (body: { account: string; password: string; code?: string }) =>
    send<Session>("/app/session", { body, signingIn: true }),
  signOut: () => send<null>("/app/session", { method: "DELETE" }),
  list: (signal?: AbortSignal) => read<{ sessions: OwnSession[] }>("/app/sessions", {}, signal),
  end: (id: string) => send<null>(`/app/sessions/${encodeURIComponent(id)}`, { method: "DELETE" }),
  password: (body: { old: string; new: string }) =>
    send<Session | null>("/app/session/password", { body, signingIn: true }),
  secondFactor: () => send<SecondFactor>("/app/session/second-factor"),
  reset: (body: { secret: string; new: string }) =>
    send<null>("/app/session/reset", { body, signingIn: true }),
  confirmSecondFactor: (code: string) =>
    send<{ recovery: string[] }>("/app/session/second-factor/confirm", { body: { code }, signingIn: true }),
  role: (role: Role) => send<Session | null>("/app/session/role", { body: { role } }),
  oidcStart: (provider: string, next: string) =>
    address(`/app/oidc/${encodeURIComponent(provider)}/start`, { next }),
};

export interface Person {
  id: string;
  name: string;
  accounts: {
    account: string;
    locked: boolean | string | null;
    second_factor: boolean;
    last_used: string | null;
  }[];
  roles: { role: Role; state: "active" | "proposed"; by: string; since: string | null }[];
  active: boolean;
}

export interface NewPerson {
  name: string;
  roles: Role[];
  account?: string;
}

const personPath = (id: string): string => `/app/people/${encodeURIComponent(id)}`;

export const people = {
  list: (signal?: AbortSignal) => read<{ people: Person[] }>("/app/people", {}, signal),
  add: (body: NewPerson) => send<Person & { link?: string; expires?: string }>("/app/people", { body }),
  change: (id: string, body: { active?: boolean; roles?: Role[]; name?: string }) =>
    send<Person>(personPath(id), { method: "PATCH", body }),
  confirmRole: (id: string, role: Role) => send<Person>(`${personPath(id)}/roles/${role}/confirm`),
  reset: (id: string) => send<{ link: string; expires: string }>(`${personPath(id)}/reset`),
};

export interface TokenScope {
  rights?: Right[] | null;
  layers?: string[];
  datastreams?: number[];
}

export interface Token {
  id: string;
  title: string;
  role: Role;
  kind: "api" | "device";
  scope?: TokenScope | null;
  expires: string | null;
  created?: string | null;
  last_used?: string | null;
  revoked?: string | null;
}

export interface NewToken {
  title: string;
  role: Role;
  kind: "api" | "device";
  scope?: TokenScope;
  expires: string | null;
}

const tokenPath = (id: string): string => `/app/tokens/${encodeURIComponent(id)}`;

export const tokens = {
  list: (signal?: AbortSignal) => read<{ tokens: Token[] }>("/app/tokens", {}, signal),
  add: (body: NewToken) => send<Token & { secret: string }>("/app/tokens", { body }),
  rotate: (id: string) => send<Token & { secret: string }>(`${tokenPath(id)}/rotate`),
  revoke: (id: string) => send<null>(tokenPath(id), { method: "DELETE" }),
};

export interface PolicyVersion {
  version: number;
  policy: Record<string, Json>;
  since: string | null;
  by: string;
  reason?: string;
}

export interface PolicyDryRun {
  problems: (string | { text: string; text_en?: string })[];
  changes: {
    role: Role;
    layer: string;
    attribute?: string;
    gains: number;
    loses: number;
    text: string;
    text_en: string;
  }[];
}

export const policies = {
  current: (signal?: AbortSignal) => read<PolicyVersion>("/app/policy", {}, signal),
  history: (signal?: AbortSignal) => read<{ versions: PolicyVersion[] }>("/app/policy/history", {}, signal),
  dryRun: (policy: unknown) => send<PolicyDryRun>("/app/policy/dry-run", { body: policy }),
  publish: (policy: unknown, seen: number, reason: string) =>
    send<PolicyVersion>("/app/policy", { body: { policy, seen, reason } }),
};

export interface AuditEntry {
  number: number;
  time: string;
  actor: string;
  role: string;
  action: string;
  object: string;
  outcome: string;
  request: string;
  details: Record<string, Json>;
}

export const audit = {
  search: (filter: Params, signal?: AbortSignal) =>
    read<{ entries: AuditEntry[]; more: boolean }>("/app/audit", filter, signal),
  head: (signal?: AbortSignal) =>
    read<{ number: number; hash: string; signed_at: string | null; key: string; signature: string }>(
      "/app/audit/head",
      {},
      signal,
    ),
  verify: (signal?: AbortSignal) =>
    read<{ ok: boolean; entries: number; broken_at: number | null }>("/app/audit/verify", {}, signal),
};
