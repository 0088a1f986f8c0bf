/** The live stream: keeps what the page holds of now up to date, and says when it cannot. */

import { effect, signal } from "@preact/signals";
import { address } from "../api/http";
import type { Change, ObservationItem } from "../api/types";
import { applyObservations, here, layers, state } from "./city";
import { role } from "./viewer";
import { cursor, now } from "./clock";

export type Connection = "waiting" | "live" | "reconnecting" | "offline";

export const connection = signal<Connection>("waiting");
/** When the connection was lost. [ms] */
export const lostAt = signal<number | null>(null);

type ChangeListener = (layers: ReadonlySet<string>) => void;
const listeners = new Set<ChangeListener>();

/** Calls back with the names of layers whose features changed, now and then. */
export function onLayersChanged(listener: ChangeListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Readings are shown at most this often. [ms] */
const READINGS_MS = 500;
/** Layers and tiles are read again at most this often, however fast events come. [ms] */
const LAYERS_MS = 4000;

const pendingObservations: ObservationItem[] = [];
const pendingLayers = new Set<string>();
let readingsTimer: ReturnType<typeof setTimeout> | undefined;
let layersTimer: ReturnType<typeof setTimeout> | undefined;

function gather(change: Change): void {
  if (change.kind === "observation") {
    pendingObservations.push(...(change.items as ObservationItem[]));
    readingsTimer ??= setTimeout(showReadings, READINGS_MS);
  } else if (change.kind !== "quarantine" && change.kind !== "record") {
    pendingLayers.add(change.layer);
    layersTimer ??= setTimeout(readLayers, LAYERS_MS);
  }
}

/** The past does not move; what came meanwhile is read on the way back to now. */
const isNow = (): boolean => cursor.value === null;

function showReadings(): void {
  readingsTimer = undefined;
  const observations = pendingObservations.splice(0);
  if (isNow()) applyObservations(observations);
}

function readLayers(): void {
  layersTimer = undefined;
  const changed = new Set(pendingLayers);
  pendingLayers.clear();
  if (!isNow()) return;
  layers.reload();
  if (here.data.value?.items.some((item) => changed.has(item.layer))) here.reload();
  for (const listener of listeners) listener(changed);
}

function readAgain(): void {
  if (cursor.value !== null) return;
  layers.reload();
  state.reload();
  if (here.data.value) here.reload();
  for (const listener of listeners) listener(new Set(["*"]));
}

/** A broken stream is opened again after this long, then ever longer. [ms] */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15_000;

function open(asRole: string | null): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT;
  let wasLost = false;

  const connect = (): void => {
    source = new EventSource(address("/live", asRole === null ? {} : { as: asRole }));
    source.addEventListener("hello", () => {
      wait = FIRST_WAIT;
      connection.value = "live";
      lostAt.value = null;
      if (wasLost) readAgain();
      wasLost = false;
    });
    source.addEventListener("change", (event: MessageEvent<string>) =>
      gather(JSON.parse(event.data) as Change),
    );
    source.addEventListener("gap", readAgain);
    source.addEventListener("error", () => {
      wasLost = true;
      lostAt.value ??= now.value;
      connection.value = navigator.onLine ? "reconnecting" : "offline";
      if (source?.readyState !== EventSource.CLOSED) return; // The browser reconnects by itself.
      retry = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
  };

  connect();
  return () => {
    clearTimeout(retry);
    source?.close();
  };
}

/** Begins listening, and follows the role until told to stop. */
export function startLive(): () => void {
  const stop = effect(() => open(role.value));
  const offline = (): void => {
    connection.value = "offline";
    lostAt.value ??= now.value;
  };
  const online = (): void => {
    if (connection.value === "offline") connection.value = "reconnecting";
    readAgain();
  };
  addEventListener("offline", offline);
  addEventListener("online", online);
  return () => {
    stop();
    removeEventListener("offline", offline);
    removeEventListener("online", online);
    connection.value = "waiting";
    lostAt.value = null;
  };
}
