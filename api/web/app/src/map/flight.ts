/** Asks the map to go somewhere; the map listens once it is there. */

import { signal } from "@preact/signals";
import type { Box } from "../api/types";

export interface Target {
  bbox: Box | null;
  lon: number | null;
  lat: number | null;
  zoom?: number;
}

/** The last place asked for; a new object each time, so that asking twice flies twice. */
export const flight = signal<Target | null>(null);

export function flyTo(target: Target): void {
  flight.value = { ...target };
}
