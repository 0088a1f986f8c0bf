/** Who looks: the server's configuration, the session, and the role acted in. */

import { batch, computed, signal } from "@preact/signals";
import { api } from "../api/client";
import { actAs, holdForgeryToken, whenUnknown } from "../api/http";
import { session as sessions, type Right, type Session } from "../api/people";
import type { Role } from "../api/types";
import { parseTime } from "../format/time";
import { setServerTime } from "./clock";
import { resource } from "./resource";

/** The role chosen in "view as"; null is what the server gives the caller. */
export const role = signal<Role | null>(null);

export const config = resource((signal) => {
  void role.value;
  return api.config(signal).then((found) => {
    const serverNow = parseTime(found.now);
    if (serverNow !== null) setServerTime(serverNow);
    return found;
  });
});

export const session = resource((signal) => {
  void role.value;
  return sessions.now(signal).then((found) => {
    holdForgeryToken(found.csrf);
    return found;
  });
});

const leaving = new Set<() => void>();

/** Calls back before the viewer changes, so that nothing of what one saw stays for the next. */
export function beforeViewerChanges(forget: () => void): () => void {
  leaving.add(forget);
  return () => leaving.delete(forget);
}

/** Acts in another role: of an open twin any, of a closed one those the person has. */
export function viewAs(chosen: Role | null): void {
  batch(() => {
    actAs(chosen);
    role.value = chosen;
    for (const forget of leaving) forget();
  });
}

/** Takes the session just given, and reads everything again as that viewer. */
export function become(given: Session | null): void {
  holdForgeryToken(given?.csrf ?? null);
  viewAs(null);
  session.reload();
  config.reload();
}

export const isOpen = computed(() => config.data.value?.access === "open");

/** Whether there is a session; in an open twin people act without one. */
export const signedIn = computed(() => (session.data.value?.expires ?? null) !== null);

/** Whether the server takes the caller for somebody who can be given work. */
export const isSomebody = computed(() => (session.data.value?.viewer.person ?? "") !== "");

export function may(right: Right): boolean {
  return session.data.value?.rights.includes(right) ?? false;
}

/** Set when the server no longer knows who asks: the pages then lead to signing in. */
export const unknownCaller = signal(false);
whenUnknown(() => (unknownCaller.value = true));
