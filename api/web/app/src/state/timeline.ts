/** When layers change and when events began inside the ruler's frame. */

import { computed } from "@preact/signals";
import { api, type Moment } from "../api/client";
import { parseTime, MINUTE } from "../format/time";
import type { Changes } from "../map/tiles";
import type { Span } from "../time/ruler";
import { shownLayers } from "./city";
import { role } from "./viewer";
import { cursor, knownThen, ruler, settledMoment } from "./clock";
import { resource } from "./resource";

const GRAIN = 10 * MINUTE;

/** The ruler's frame, moving in coarse steps so that it is not read every minute. */
const frame = computed(() => {
  const { start, end } = ruler.value;
  return `${Math.floor(start / GRAIN) * GRAIN}/${Math.ceil(end / GRAIN) * GRAIN}`;
});

const frameSpan = (): Span => {
  const [start = 0, end = 0] = frame.value.split("/").map(Number);
  return { start, end };
};

/** Grids say themselves when they change; with them, every layer would seem to change as often. */
const names = computed(() =>
  shownLayers.value
    .filter((layer) => layer.kind !== "raster")
    .map((layer) => layer.name)
    .join(),
);

const known = computed(() => (knownThen.value && cursor.value !== null ? settledMoment.value.knownAt : null));

/** The server gives so many events of a layer; one that has more would show a false picture and is left out. */
const MOST_EVENTS = 500;

function whole<T extends { layer: string }>(events: T[]): T[] {
  const counts = new Map<string, number>();
  for (const { layer } of events) counts.set(layer, (counts.get(layer) ?? 0) + 1);
  return events.filter(({ layer }) => (counts.get(layer) ?? 0) < MOST_EVENTS);
}

interface Marked extends Changes {
  known: Span;
  events: { time: number; layer: string; title: string }[];
}

export const timeline = resource<Marked>((signal) => {
  void role.value;
  const span = frameSpan();
  const asked = names.value;
  if (asked === "") return null;
  const moment: Moment = { at: null, knownAt: known.value };
  return api.timeline(moment, span.start, span.end, asked, signal).then((found) => ({
    known: span,
    breakpoints: found.breakpoints.map((time) => parseTime(time) ?? 0).sort((a, b) => a - b),
    events: whole(found.events).map((event) => ({ ...event, time: parseTime(event.time) ?? 0 })),
  }));
});

const NOTHING: Changes = { breakpoints: [], known: null };

/** What tiles may rely on; nothing while it is not known for the frame shown. */
export const changes = computed<Changes>(() => timeline.data.value ?? NOTHING);
