/** Arithmetic on a datastream's points. */

import type { SeriesPoint } from "../api/types";

export interface Summary {
  least: number | null;
  greatest: number | null;
  last: number | null;
}

export function summaryOf(points: readonly SeriesPoint[]): Summary {
  let least: number | null = null;
  let greatest: number | null = null;
  let last: number | null = null;
  for (const [, mean, low, high] of points) {
    if (low !== null && (least === null || low < least)) least = low;
    if (high !== null && (greatest === null || high > greatest)) greatest = high;
    if (mean !== null) last = mean;
  }
  return { least, greatest, last };
}

/** The points with one more reading in its place; a reading of the same time replaces what was there. */
export function withPoint(points: readonly SeriesPoint[], time: number, value: number): SeriesPoint[] {
  const index = points.findIndex(([known]) => known >= time);
  const point: SeriesPoint = [time, value, value, value, 1];
  if (index < 0) return [...points, point];
  const replaced = points[index]?.[0] === time ? 1 : 0;
  return [...points.slice(0, index), point, ...points.slice(index + replaced)];
}

/** Columns for drawing, with a hole wherever nothing came for longer than `silence_ms`. */
export function columns(
  points: readonly SeriesPoint[],
  silenceMs: number,
): [number[], (number | null)[], (number | null)[], (number | null)[]] {
  const times: number[] = [];
  const mean: (number | null)[] = [];
  const low: (number | null)[] = [];
  const high: (number | null)[] = [];
  let before: number | null = null;
  for (const [time, middle, least, greatest] of points) {
    if (before !== null && time - before > silenceMs) {
      times.push((before + time) / 2000);
      mean.push(null);
      low.push(null);
      high.push(null);
    }
    times.push(time / 1000);
    mean.push(middle);
    low.push(least);
    high.push(greatest);
    before = time;
  }
  return [times, mean, low, high];
}
