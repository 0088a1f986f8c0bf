/** A small quiet map for one question: where is it, or what changes. The engine loads when it is first shown. */

import type { FeatureCollection, Geometry } from "geojson";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import type { Box } from "../api/types";
import { reducedMotion, t, theme } from "../state/preferences";
import { useReading } from "../state/reading";
import { config } from "../state/viewer";
import { Icon } from "../ui/Icon";
import "../styles/smallmap.css";
import type { Engine } from "./engine";
import { boxOf, together } from "./extent";

const NOW = { at: null, knownAt: null };
/** What one finds one's way by. */
const GROUND = new Set(["base", "national", "overview", "buildings"]);
const NEAR_ZOOM = 17;

interface Props {
  label: string;
  /** Drawn outlined; with `after`, a switch chooses between the two. */
  before?: FeatureCollection;
  after?: FeatureCollection;
  /** A place that is marked, and moved by a tap. */
  place?: { lon: number; lat: number } | null;
  onTap?: (lon: number, lat: number, metres: number) => void;
  /** Places to mark. */
  points?: readonly [number, number][];
}

export function SmallMap({ label, before, after, place, onTap, points }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [engine, setEngine] = useState<Engine | null>(null);
  const [broken, setBroken] = useState(false);
  const [shown, setShown] = useState<"before" | "after">(after ? "after" : "before");
  const tap = useRef(onTap);
  tap.current = onTap;
  const layers = useReading((signal) => api.layers(NOW, signal), []);

  const collection = shown === "after" ? after : before;
  const geometry: Geometry | null = place
    ? { type: "Point", coordinates: [place.lon, place.lat] }
    : points
      ? { type: "MultiPoint", coordinates: [...points] }
      : collection
        ? together(collection)
        : null;
  const whole = [before, after].filter((one) => one !== undefined).map(together);
  const bounds: Box | null =
    boxOf(whole.length > 0 ? { type: "GeometryCollection", geometries: whole } : geometry) ??
    config.data.value?.bbox ??
    null;

  useEffect(() => {
    let gone = false;
    let made: Engine | null = null;
    const container = box.current;
    if (!container) return;
    void import("./engine")
      .then(({ Engine: Made }) => {
        if (gone) return;
        made = new Made({
          container,
          bounds: place ? null : bounds,
          camera: place ? { zoom: NEAR_ZOOM, ...place } : null,
          reducedMotion,
          title: label,
          onClick: (lon, lat, metres) => tap.current?.(lon, lat, metres),
          onMove: () => undefined,
          onProblem: () => undefined,
          onSettled: (idle) => (container.dataset.map = idle ? "idle" : "busy"),
        });
        setEngine(made);
      })
      .catch(() => setBroken(true));
    return () => {
      gone = true;
      made?.remove();
    };
  }, []);

  const night = theme.value;
  useEffect(() => {
    const held = layers.data?.layers;
    if (!engine || !held) return;
    const ground = held.filter((layer) => GROUND.has(layer.group) && layer.kind === "feature");
    engine.draw({ layers: ground, moment: NOW, changes: { breakpoints: [], known: null }, theme: night });
  }, [engine, layers.data, night]);

  const drawn = JSON.stringify(geometry);
  useEffect(() => {
    if (engine) engine.choose(geometry, null);
  }, [engine, drawn, layers.data, night]);

  useEffect(() => {
    if (engine && place) engine.fly({ bbox: null, ...place }, NEAR_ZOOM);
  }, [engine, place?.lon, place?.lat]);

  if (broken) return <p class="muted">{t("map.no_webgl")}</p>;
  return (
    <div class="smallmap">
      {before && after && (
        <span class="seg smallmap__switch" role="group" aria-label={label}>
          <button type="button" aria-pressed={shown === "before"} onClick={() => setShown("before")}>
            {t("plan.was")}
          </button>
          <button type="button" aria-pressed={shown === "after"} onClick={() => setShown("after")}>
            {t("plan.becomes")}
          </button>
        </span>
      )}
      <div
        class="smallmap__canvas map__canvas"
        ref={box}
        role="group"
        aria-label={label}
        onKeyDown={(event) => {
          if (event.key === "Enter") engine?.clickMiddle();
        }}
      />
      {engine && (
        <div class="zoom float">
          <button type="button" aria-label={t("map.zoom_in")} onClick={() => engine.zoomBy(1)}>
            <Icon name="plus" />
          </button>
          <button type="button" aria-label={t("map.zoom_out")} onClick={() => engine.zoomBy(-1)}>
            <Icon name="minus" />
          </button>
        </div>
      )}
    </div>
  );
}
