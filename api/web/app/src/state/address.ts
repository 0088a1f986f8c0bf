/** The page's address says what is looked at, so that it can be sent to someone. */

import { effect } from "@preact/signals";
import { isoTime } from "../api/client";
import { parseTime } from "../format/time";
import { select, selection } from "./city";
import { cursor, knownThen } from "./clock";
import { signal } from "@preact/signals";

export interface Camera {
  zoom: number;
  lat: number;
  lon: number;
}

export const camera = signal<Camera | null>(null);

/** Reads `#map=zoom/lat/lon&at=…&known=then&here=lon,lat`. */
export function readAddress(hash: string): void {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const [zoom, lat, lon] = (parts.get("map") ?? "").split("/").map(Number);
  if (
    zoom !== undefined &&
    lat !== undefined &&
    lon !== undefined &&
    [zoom, lat, lon].every(Number.isFinite)
  ) {
    camera.value = { zoom, lat, lon };
  }
  cursor.value = parseTime(parts.get("at"));
  knownThen.value = parts.get("known") === "then";
  const [x, y] = (parts.get("here") ?? "").split(",").map(Number);
  if (x !== undefined && y !== undefined && Number.isFinite(x) && Number.isFinite(y)) {
    select({ lon: x, lat: y, metres: 15 });
  }
}

export function writtenAddress(): string {
  const parts: string[] = [];
  const place = camera.value;
  if (place) parts.push(`map=${place.zoom.toFixed(2)}/${place.lat.toFixed(5)}/${place.lon.toFixed(5)}`);
  if (cursor.value !== null) parts.push(`at=${isoTime(cursor.value)}`);
  if (cursor.value !== null && knownThen.value) parts.push("known=then");
  if (selection.value) parts.push(`here=${selection.value.lon.toFixed(6)},${selection.value.lat.toFixed(6)}`);
  return parts.length === 0 ? "" : "#" + parts.join("&");
}

export function keepAddress(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    const hash = writtenAddress();
    clearTimeout(timer);
    timer = setTimeout(
      () => history.replaceState(null, "", hash || location.pathname + location.search),
      250,
    );
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}
