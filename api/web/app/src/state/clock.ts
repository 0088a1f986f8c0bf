/** The time cursor that governs every read, and the server's clock. Times in ms. */

import { computed, signal } from "@preact/signals";
import type { Moment } from "../api/client";
import { MINUTE } from "../format/time";
import { DEFAULT_SPAN, windowFor } from "../time/ruler";

let offset = 0;

/** The server's now, ticking once a second. */
export const now = signal(Date.now());

/** Sets the page's clock by the server's. */
export function setServerTime(serverNow: number): void {
  offset = serverNow - Date.now();
  now.value = serverNow;
}

export function startClock(): void {
  setInterval(() => (now.value = Date.now() + offset), 1000);
}

/** The moment looked at; null is now. */
export const cursor = signal<number | null>(null);

/** Whether the past is shown as it was known then, or as it is known today. */
export const knownThen = signal(false);

export const spanLength = signal<number>(DEFAULT_SPAN);
export const playing = signal(false);

const nowMinute = computed(() => Math.floor(now.value / MINUTE) * MINUTE);

/** What the ruler shows; moves by whole minutes. */
export const ruler = computed(() => windowFor(nowMinute.value, cursor.value, spanLength.value));

export const moment = computed<Moment>(() => ({
  at: cursor.value,
  knownAt: cursor.value !== null && knownThen.value ? cursor.value : null,
}));

/** The cursor with the last moments of a drag left out, so that reads follow at a calm pace. */
export const settledMoment = signal<Moment>({ at: null, knownAt: null });

const PACE_MS = 160;
const SLOWEST_MS = 4000;
let pace = PACE_MS;

/**
 * Tells how long a read took, so that the next moments come no faster than reads can follow: a cursor that outruns
 * its reads would leave the page with figures of another time.
 */
export function readTook(ms: number): void {
  pace = Math.min(SLOWEST_MS, Math.max(PACE_MS, ms * 1.5, pace * 0.8));
}

let timer: ReturnType<typeof setTimeout> | undefined;
let last = 0;

moment.subscribe((value) => {
  const wait = Math.max(0, last + pace - performance.now());
  clearTimeout(timer);
  timer = setTimeout(() => {
    last = performance.now();
    settledMoment.value = value;
  }, wait);
});

/** Looks at a moment; one so close to now that nobody could tell is now. */
export function lookAt(time: number | null): void {
  cursor.value = time !== null && Math.abs(time - now.value) < MINUTE / 2 ? null : time;
}

export function backToNow(): void {
  playing.value = false;
  cursor.value = null;
}
