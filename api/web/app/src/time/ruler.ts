/** Arithmetic of the time ruler: what it spans, where a moment lies on it, its ticks, one step. Times in ms. */

import { DAY, HOUR, MINUTE, ZONE_OFFSET_MS, localParts } from "../format/time";

export interface Span {
  start: number;
  end: number;
}

/** What the ruler can show at once. */
export const SPANS = [3 * HOUR, 12 * HOUR, 36 * HOUR, 7 * DAY, 30 * DAY, 366 * DAY, 3660 * DAY] as const;
export const DEFAULT_SPAN = 36 * HOUR;

/** Where now, or the moment looked at, stands on the ruler: two thirds back, one third ahead. */
export const ANCHOR = 2 / 3;

/** A window of this length with a moment at the anchor. */
export function windowAround(moment: number, length: number): Span {
  const start = moment - length * ANCHOR;
  return { start, end: start + length };
}

/**
 * The window to show: it stays with now while the cursor is inside it, else it goes with the cursor.
 *
 * The cursor may stand a little outside while it is dragged past an edge; `margin` is the part of the length
 * beyond which the window moves.
 */
export function windowFor(now: number, cursor: number | null, length: number): Span {
  const home = windowAround(now, length);
  if (cursor === null || (cursor >= home.start && cursor <= home.end)) return home;
  return windowAround(cursor, length);
}

export function contains(span: Span, moment: number): boolean {
  return moment >= span.start && moment <= span.end;
}

export function fractionOf(span: Span, moment: number): number {
  return (moment - span.start) / (span.end - span.start);
}

export function momentAt(span: Span, fraction: number): number {
  return span.start + fraction * (span.end - span.start);
}

/** One step of the cursor: about a seventieth of the window, on a round length. */
export function stepOf(length: number): number {
  const steps = [
    MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    7 * DAY,
  ];
  const wanted = length / 72;
  return steps.find((step) => step >= wanted * 0.99) ?? 30 * DAY;
}

/** The next multiple of a step after (or before) a moment, counted in local time so that days begin at midnight. */
export function stepFrom(moment: number, step: number, direction: 1 | -1): number {
  const local = moment + ZONE_OFFSET_MS;
  const index = direction > 0 ? Math.floor(local / step) + 1 : Math.ceil(local / step) - 1;
  return index * step - ZONE_OFFSET_MS;
}

export function snapTo(moment: number, step: number): number {
  const local = moment + ZONE_OFFSET_MS;
  return Math.round(local / step) * step - ZONE_OFFSET_MS;
}

export interface Tick {
  time: number;
  label: string;
  /** A day begins (or a month, a year on wide rulers). */
  strong: boolean;
}

const TICK_STEPS = [10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];

/** Labelled ticks no closer than `spacing` of the ruler's width apart, from 0 to 1. */
export function ticksOf(span: Span, spacing: number): Tick[] {
  const wanted = (span.end - span.start) * spacing;
  const step = TICK_STEPS.find((s) => s >= wanted);
  return step === undefined ? calendarTicks(span, wanted) : evenTicks(span, step);
}

const two = (n: number): string => String(n).padStart(2, "0");

function evenTicks(span: Span, step: number): Tick[] {
  const ticks: Tick[] = [];
  for (let time = stepFrom(span.start - 1, step, 1); time <= span.end; time += step) {
    const p = localParts(time);
    const midnight = p.hour === 0 && p.minute === 0;
    const label = midnight ? `${two(p.day)}/${two(p.month)}` : `${two(p.hour)}:${two(p.minute)}`;
    ticks.push({ time, label, strong: midnight && step < DAY });
  }
  return ticks;
}

function calendarTicks(span: Span, wanted: number): Tick[] {
  const months = [1, 3, 6, 12, 24, 60, 120].find((m) => m * 30 * DAY >= wanted) ?? 120;
  const ticks: Tick[] = [];
  const first = localParts(span.start);
  let index = Math.floor((first.year * 12 + first.month - 1) / months) * months;
  for (;;) {
    const time = Date.UTC(Math.floor(index / 12), index % 12, 1) - ZONE_OFFSET_MS;
    if (time > span.end) return ticks;
    if (time >= span.start) {
      const year = Math.floor(index / 12);
      const january = index % 12 === 0;
      ticks.push({
        time,
        label: january ? String(year) : `${two((index % 12) + 1)}/${year}`,
        strong: january,
      });
    }
    index += months;
  }
}

/**
 * The moment a layer's state can be asked for so that the answer is the same: the last change not after it.
 *
 * Between two breakpoints nothing changes, so all moments there share one address and so one set of tiles.
 * `known` is the period the breakpoints are complete for.
 */
export function settle(moment: number, breakpoints: readonly number[], known: Span | null): number {
  if (known === null || !contains(known, moment)) return moment;
  let low = 0;
  let high = breakpoints.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((breakpoints[middle] ?? Infinity) <= moment) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? known.start : (breakpoints[low - 1] ?? moment);
}
