/** The map with its controls, scale, legend, attribution and age; the engine loads after the page. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Config, Datastream } from "../api/types";
import { formatDateTime, parseTime } from "../format/time";
import { Legend } from "../panels/LayerPanel";
import { camera } from "../state/address";
import { detail, layerByName, select, shownLayers, state } from "../state/city";
import { now, settledMoment } from "../state/clock";
import { onLayersChanged } from "../state/live";
import { pick, reducedMotion, t, theme } from "../state/preferences";
import { floatingGrid } from "../state/sources";
import { changes } from "../state/timeline";
import { freshnessOf } from "../ui/Age";
import { Icon } from "../ui/Icon";
import { Empty, Loading } from "../ui/States";
import { narrow } from "../shell/narrow";
import type { Engine } from "./engine";
import { flight } from "./flight";
import { ScaleBar } from "./ScaleBar";
import { fieldOfView, looks } from "./sector";

/** Viet Nam with both archipelagos. */
const NATION: [number, number, number, number] = [102, 6.2, 117.5, 23.6];
const EVENTS_MOVE_ON_MS = 60_000;

export function MapPane({ config }: { config: Config }) {
  const box = useRef<HTMLDivElement>(null);
  const engine = useSignal<Engine | null>(null);
  const broken = useSignal(false);
  const problem = useSignal<string | null>(null);

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
          bounds: config.bbox ?? NATION,
          camera: camera.peek(),
          reducedMotion,
          title: t("app.map"),
          onClick: (lon, lat, metres, prefer) => select({ lon, lat, metres, ...(prefer ? { prefer } : {}) }),
          onMove: (zoom, lat, lon) => (camera.value = { zoom, lat, lon }),
          onProblem: (layer) => (problem.value = layer),
          onSettled: (idle) => {
            container.dataset.map = idle ? "idle" : "busy";
            if (idle) problem.value = null;
          },
        });
        engine.value = made;
      })
      .catch(() => (broken.value = true));
    return () => {
      gone = true;
      made?.remove();
    };
  }, []);

  useSignalEffect(() => {
    engine.value?.draw({
      layers: shownLayers.value,
      moment: settledMoment.value,
      changes: changes.value,
      theme: theme.value,
    });
  });

  useSignalEffect(() => {
    const streams = state.data.value?.datastreams ?? [];
    void shownLayers.value;
    engine.value?.showResults(streams.map(withSilence));
  });

  useSignalEffect(() => {
    const target = flight.value;
    if (target) engine.value?.fly(target, target.zoom);
  });

  useSignalEffect(() => {
    void theme.value;
    void shownLayers.value;
    const found = detail.data.value;
    const map = engine.value;
    if (!map) return;
    if (!found?.geometry) {
      map.choose(null, null);
      return;
    }
    const style = layerByName.value.get(found.layer)?.style.point;
    const point = found.geometry.type === "Point" ? (found.geometry.coordinates as [number, number]) : null;
    map.choose(found.geometry, looks(style) && point ? fieldOfView(style, found.properties, point) : null);
  });

  useEffect(() => {
    const stop = onLayersChanged((names) => engine.value?.refresh(names));
    // Events leave the map some time after they ended, though nothing is recorded then.
    const timer = setInterval(() => {
      if (settledMoment.value.at !== null) return;
      const events = shownLayers.value.filter((layer) => layer.kind === "event").map((layer) => layer.name);
      engine.value?.refresh(new Set(events));
    }, EVENTS_MOVE_ON_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, []);

  if (broken.value) {
    return (
      <div class="map">
        <Empty title={t("map.no_webgl")}>
          <p>{t("map.no_webgl_hint")}</p>
        </Empty>
      </div>
    );
  }
  const bad = problem.value === null ? undefined : layerByName.value.get(problem.value);
  return (
    <div class="map">
      <div
        class="map__canvas"
        ref={box}
        onKeyDown={(event) => {
          if (event.key === "Enter") engine.value?.clickMiddle();
        }}
      />
      {!engine.value && <Loading rows={2} />}
      {engine.value && <Controls engine={engine.value} config={config} />}
      {!narrow.value && <FloatingLegend />}
      {bad && (
        <p class="map__problem float" role="status">
          {t("map.failed", { name: pick(bad.title, bad.title_en) })}
        </p>
      )}
      <div class="mapfoot">
        <ScaleBar />
        <Attribution />
      </div>
    </div>
  );
}

function withSilence(stream: Datastream): Datastream & { silence: string } {
  return { ...stream, silence: freshnessOf(stream) };
}

function Controls({ engine, config }: { engine: Engine; config: Config }) {
  return (
    <div class="zoom float">
      <button type="button" aria-label={t("map.zoom_in")} onClick={() => engine.zoomBy(1)}>
        <Icon name="plus" />
      </button>
      <button type="button" aria-label={t("map.zoom_out")} onClick={() => engine.zoomBy(-1)}>
        <Icon name="minus" />
      </button>
      <button
        type="button"
        aria-label={t("map.home")}
        title={t("map.home")}
        onClick={() => engine.fly({ bbox: config.bbox ?? NATION, lon: null, lat: null })}
      >
        <Icon name="home" />
      </button>
      <button
        type="button"
        aria-label={t("map.nation")}
        title={t("map.nation")}
        onClick={() => engine.fly({ bbox: NATION, lon: null, lat: null })}
      >
        <Icon name="country" />
      </button>
    </div>
  );
}

/** Grids need their legend beside them; other legends stand in the list of layers. */
function FloatingLegend() {
  const grid = floatingGrid.value;
  if (!grid) return null;
  return (
    <section class="maplegend float" aria-label={t("map.legend")}>
      <h3>
        {pick(grid.title, grid.title_en)} {grid.unit && <span class="unit">{grid.unit}</span>}
      </h3>
      <Legend layer={grid} />
    </section>
  );
}

function Attribution() {
  const names = [...new Set(shownLayers.value.map((layer) => layer.attribution).filter(Boolean))];
  const at = settledMoment.value.at;
  const newest = Math.max(0, ...shownLayers.value.map((layer) => parseTime(layer.newest) ?? 0));
  const age =
    at !== null
      ? t("map.data_at", { time: formatDateTime(at) })
      : newest > 0
        ? t("map.data_now", { time: formatDateTime(Math.min(newest, now.value)) })
        : "";
  const shown = names.length > 0 ? names.slice(0, 2).join(" · ") : t("map.base");
  return (
    <p class="src" title={names.join(" · ")}>
      {shown}
      {age && ` · ${age}`}
    </p>
  );
}
