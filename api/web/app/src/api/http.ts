/** How the page speaks to its server: addresses, the role acted in, the token against forgery, problems. */

import type { Problem, Role } from "./types";

/** Where the application is served; taken once, because the page's own address moves with what is looked at. */
export const BASE = new URL(".", document.baseURI).href;

/** What went wrong, in the shape every error has on this server. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export type Params = Record<string, string | number | boolean | null | undefined>;

let actingRole: Role | null = null;
let forgeryToken: string | null = null;
const onUnknownCaller = new Set<(problem: Problem) => void>();

/** In open mode every request is made in this role; null leaves it to the session. */
export function actAs(role: Role | null): void {
  actingRole = role;
}

/** The session's token, sent with everything that writes. */
export function holdForgeryToken(token: string | null): void {
  forgeryToken = token;
}

/** Calls back when the server no longer knows who asks. */
export function whenUnknown(listener: (problem: Problem) => void): void {
  onUnknownCaller.add(listener);
}

export function roleHeaders(): Record<string, string> {
  return actingRole === null ? {} : { "X-Twin-Role": actingRole };
}

export function query(params: Params): string {
  const pairs = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
  if (pairs.length === 0) return "";
  return "?" + pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join("&");
}

/** Addresses are relative to the page, so that the application also works behind a path prefix. */
export function address(path: string, params: Params = {}): string {
  return new URL("." + path + query(params), BASE).href;
}

export async function read<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return (await ask(path, params, {}, signal)).json() as Promise<T>;
}

export interface Sent {
  method?: "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is: a file or a form. */
  raw?: BodyInit;
  params?: Params;
  headers?: Record<string, string>;
  /** A 401 is an answer to what was typed, not the end of a session. */
  signingIn?: boolean;
  signal?: AbortSignal;
}

/** Writes; null where the server has nothing to say. */
export async function send<T>(path: string, sent: Sent = {}): Promise<T> {
  const headers: Record<string, string> = { ...sent.headers };
  if (forgeryToken !== null) headers["X-Twin-CSRF"] = forgeryToken;
  const init: RequestInit = { method: sent.method ?? "POST", headers };
  if (sent.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(sent.body);
  } else if (sent.raw !== undefined) init.body = sent.raw;
  const response = await ask(path, sent.params ?? {}, init, sent.signal, sent.signingIn);
  const text = await response.text();
  return (text === "" ? null : JSON.parse(text)) as T;
}

/** Fetches a file as the present viewer, which a plain link could not do in a chosen role. */
export async function readFile(path: string): Promise<Blob> {
  return (await ask(path, {}, {})).blob();
}

async function ask(
  path: string,
  params: Params,
  init: RequestInit,
  signal?: AbortSignal,
  signingIn = false,
): Promise<Response> {
  const options: RequestInit = {
    ...init,
    headers: {
      Accept: "application/json, application/geo+json;q=0.9",
      ...roleHeaders(),
      ...(init.headers as Record<string, string> | undefined),
    },
  };
  if (signal) options.signal = signal;
  const response = await fetch(address(path, params), options).catch((reason: unknown) => {
    if (signal?.aborted) throw reason;
    throw new ProblemError(unreachable(path));
  });
  if (response.ok) return response;
  const problem = await problemOf(response, path);
  if (response.status === 401 && !signingIn) for (const tell of onUnknownCaller) tell(problem);
  throw new ProblemError(problem);
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
  const wait = Number(response.headers.get("Retry-After"));
  if (wait > 0) known.retry_after_s = wait;
  try {
    return { ...known, ...((await response.json()) as Partial<Problem>) };
  } catch {
    return known;
  }
}
