/** The whole map style: the ground, the layers shown, what is chosen, names on top. */

import type {
  ExpressionSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
} from "maplibre-gl";
import type { Moment } from "../api/client";
import type { LayerInfo } from "../api/types";
import { fontFaces } from "./fonts";
import { ground } from "./ground";
import { namedWhole, namesSource } from "./names";
import { paintingOrder, translate, type Context } from "./style";
import { sourceOf, type Changes } from "./tiles";

export const CHOSEN = "chosen-feature";
export const VIEWS = "fields-of-view";

const EMPTY: SourceSpecification = { type: "geojson", data: { type: "FeatureCollection", features: [] } };

/** Sources by name, in an order that does not matter. */
export function sources(
  layers: readonly LayerInfo[],
  moment: Moment,
  changes: Changes,
  context: Context,
): Record<string, SourceSpecification> {
  return Object.fromEntries(
    layers.map((layer) => [layer.name, sourceOf(layer, moment, changes, context.theme)]),
  );
}

export function compose(
  layers: readonly LayerInfo[],
  tiles: Record<string, SourceSpecification>,
  context: Context,
): StyleSpecification {
  const ordered = paintingOrder(layers);
  const translated = ordered.map((layer) => translate(layer, context));
  const byPriority = ordered
    .map((layer, index) => ({
      priority: layer.style.label?.priority ?? 0,
      labels: translated[index]?.labels ?? [],
    }))
    // The map gives room to the last layer first.
    .sort((a, b) => a.priority - b.priority);
  return {
    version: 8,
    "font-faces": fontFaces(),
    sources: {
      ...tiles,
      ...Object.fromEntries(layers.filter(namedWhole).map((layer) => [namesSource(layer), EMPTY])),
      [CHOSEN]: EMPTY,
      [VIEWS]: EMPTY,
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": ground(context.theme).ground } },
      ...translated.flatMap((one) => one.shapes),
      ...viewLayers(context),
      ...chosenLayers(context),
      ...byPriority.flatMap((one) => one.labels),
    ],
  };
}

/** Field of view of cameras: an area one can see through, with its edge. */
function viewLayers({ theme }: Context): LayerSpecification[] {
  const { accent } = ground(theme);
  const opacity: ExpressionSpecification = ["case", ["==", ["get", "chosen"], true], 0.26, 0.1];
  return [
    {
      id: `${VIEWS}/fill`,
      source: VIEWS,
      type: "fill",
      paint: { "fill-color": accent, "fill-opacity": opacity },
    },
    {
      id: `${VIEWS}/line`,
      source: VIEWS,
      type: "line",
      filter: ["==", ["get", "chosen"], true],
      paint: { "line-color": accent, "line-width": 1.5, "line-dasharray": [3, 2] },
    },
  ];
}

/** The feature whose row is open: ink on a casing of paper. */
function chosenLayers({ theme }: Context): LayerSpecification[] {
  const { ink, halo } = ground(theme);
  const shape = ["!=", ["geometry-type"], "Point"] as ["!=", ["geometry-type"], "Point"];
  const point = ["==", ["geometry-type"], "Point"] as ["==", ["geometry-type"], "Point"];
  return [
    {
      id: `${CHOSEN}/casing`,
      source: CHOSEN,
      type: "line",
      filter: shape,
      layout: { "line-join": "round" },
      paint: { "line-color": halo, "line-width": 5.5 },
    },
    {
      id: `${CHOSEN}/line`,
      source: CHOSEN,
      type: "line",
      filter: shape,
      layout: { "line-join": "round" },
      paint: { "line-color": ink, "line-width": 2.2 },
    },
    {
      id: `${CHOSEN}/ring-casing`,
      source: CHOSEN,
      type: "circle",
      filter: point,
      paint: {
        "circle-radius": 11,
        "circle-opacity": 0,
        "circle-stroke-color": halo,
        "circle-stroke-width": 5,
      },
    },
    {
      id: `${CHOSEN}/ring`,
      source: CHOSEN,
      type: "circle",
      filter: point,
      paint: {
        "circle-radius": 11,
        "circle-opacity": 0,
        "circle-stroke-color": ink,
        "circle-stroke-width": 2.2,
      },
    },
  ];
}
