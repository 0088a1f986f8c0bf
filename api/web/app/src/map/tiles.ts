/** Where each layer's tiles come from under the time cursor. */

import type { SourceSpecification } from "maplibre-gl";
import { rasterTiles, vectorTiles, type Moment } from "../api/client";
import type { LayerInfo } from "../api/types";
import { MINUTE, parseTime } from "../format/time";
import type { Theme } from "../state/preferences";
import { settle, type Span } from "../time/ruler";

/** When layers change, and the period this is known for. */
export interface Changes {
  breakpoints: readonly number[];
  known: Span | null;
}

/**
 * The moment a layer is asked for: one for all moments between which it does not change.
 *
 * Seen as known then, what was recorded also counts, so only minutes are shared.
 */
export function tileMoment(layer: LayerInfo, moment: Moment, changes: Changes): Moment {
  if (moment.at === null) return moment;
  const minute = Math.floor(moment.at / MINUTE) * MINUTE;
  if (moment.knownAt !== null) return { at: minute, knownAt: minute };
  if (layer.kind === "raster") return { at: gridTime(layer, moment.at) ?? minute, knownAt: null };
  if (layer.kind === "event") return { at: minute, knownAt: null };
  const settled = settle(moment.at, changes.breakpoints, changes.known);
  return { at: settled === moment.at ? minute : settled, knownAt: null };
}

/** The newest grid's time not after a moment; null before the first and after the last one. */
function gridTime(layer: LayerInfo, at: number): number | null {
  const times = (layer.times ?? []).map((time) => parseTime(time) ?? 0);
  const last = times.at(-1);
  if (last === undefined || at > last) return null;
  return times.findLast((time) => time <= at) ?? null;
}

/** Tiles are drawn enlarged beyond this zoom. */
const DEEPEST_TILES = 18;
const DEEPEST_GRID_TILES = 17;

export function sourceOf(
  layer: LayerInfo,
  moment: Moment,
  changes: Changes,
  theme: Theme,
): SourceSpecification {
  const asked = tileMoment(layer, moment, changes);
  if (layer.kind === "raster") {
    return {
      type: "raster",
      tiles: [rasterTiles(layer.name, asked, theme)],
      tileSize: 256,
      maxzoom: DEEPEST_GRID_TILES,
    };
  }
  const lowest = Math.floor(Math.max(layer.min_zoom, layer.style.minzoom ?? 0));
  return {
    type: "vector",
    tiles: [vectorTiles(layer.name, asked)],
    minzoom: Math.min(lowest, DEEPEST_TILES),
    maxzoom: DEEPEST_TILES,
    promoteId: "fid",
  };
}
