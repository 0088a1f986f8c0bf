/** Where the cursor goes next while it plays. */

import type { LayerInfo } from "../api/types";
import { parseTime } from "../format/time";
import { stepFrom, stepOf } from "./ruler";

/**
 * The next moment, or null at the end.
 *
 * Inside the times of a simulation that is shown, playing goes from grid to grid; elsewhere by the ruler's step
 * until now.
 */
export function nextStop(
  from: number,
  length: number,
  now: number,
  shown: readonly LayerInfo[],
): number | null {
  const times = gridTimes(shown);
  const inside = times.length > 1 && from >= (times[0] ?? Infinity) && from <= (times.at(-1) ?? -Infinity);
  const step = stepFrom(from, stepOf(length), 1);
  if (inside) return times.find((time) => time > from) ?? null;
  return step > now ? null : step;
}

export function gridTimes(layers: readonly LayerInfo[]): number[] {
  const found = layers
    .filter((layer) => layer.kind === "raster" && (layer.times?.length ?? 0) > 1)
    .flatMap((layer) => (layer.times ?? []).map((time) => parseTime(time) ?? 0));
  return [...new Set(found)].sort((a, b) => a - b);
}
