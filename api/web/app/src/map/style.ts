/** Translates a layer's portable style (layers/styles.py) into the map's own language. Pure, no map needed. */

import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";
import type {
  FillStyle,
  LabelStyle,
  LayerInfo,
  LayerStyle,
  LineStyle,
  Paint,
  Pattern,
  PointStyle,
  StyleClass,
} from "../api/types";
import type { Theme } from "../state/preferences";
import { ground, type Ground } from "./ground";
import { iconName, patternName } from "./images";
import { namedWhole, namesSource } from "./names";

export const FONT_REGULAR = "Be Vietnam Pro Medium";
export const FONT_STRONG = "Be Vietnam Pro Semibold";

type Expression = ExpressionSpecification;
type Colour = string | Expression;

const TRANSPARENT = "rgba(0,0,0,0)";

/** From the ground up. Labels of all layers stand above everything else. */
const GROUPS = [
  "overview",
  "national",
  "base",
  "social",
  "planning",
  "imported",
  "simulation",
  "buildings",
  "infrastructure",
  "sensors",
  "cameras",
  "events",
];

const GEOMETRIES = ["", "Polygon", "Any", "LineString", "Point"];

/** Layers in the order they are painted. */
export function paintingOrder(layers: readonly LayerInfo[]): LayerInfo[] {
  const rank = (layer: LayerInfo): [number, number, number] => {
    const group = GROUPS.indexOf(layer.group);
    return [
      group < 0 ? GROUPS.indexOf("imported") : group,
      layer.order,
      GEOMETRIES.indexOf(layer.geometry_type),
    ];
  };
  const compare = (a: number[], b: number[]): number =>
    a.map((value, index) => value - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
  return [...layers].sort((a, b) => compare(rank(a), rank(b)));
}

export interface Translated {
  shapes: LayerSpecification[];
  labels: LayerSpecification[];
}

/** How a layer's style depends on more than the layer. */
export interface Context {
  theme: Theme;
  /** Latitude that widths in metres are drawn for. [degrees] */
  latitude: number;
}

/** For a layer nobody has styled yet; as `default_style` of layers/styles.py. */
const PLAIN: LayerStyle = {
  fill: {
    color: "#8a94a6",
    color_night: "#6d7a90",
    opacity: 0.35,
    outline: "#4a5568",
    outline_night: "#a7b3c7",
  },
  line: { color: "#4a5568", color_night: "#a7b3c7", width: 1.5 },
  point: { color: "#4a5568", color_night: "#a7b3c7", radius: 4, stroke: "#ffffff", stroke_night: "#131a18" },
};

/** The map layers that draw one layer; their source has the layer's name. */
export function translate(layer: LayerInfo, context: Context): Translated {
  if (layer.kind === "raster") return { shapes: [rasterLayer(layer)], labels: [] };
  const styled = layer.style.fill ?? layer.style.line ?? layer.style.point ?? layer.style.label;
  const style = styled === undefined ? { ...layer.style, ...PLAIN } : layer.style;
  const shapes: LayerSpecification[] = [];
  if (style.fill && admits(layer, "Polygon")) shapes.push(...fillLayers(layer, style.fill, context));
  if (style.line && (admits(layer, "LineString") || admits(layer, "Polygon"))) {
    shapes.push(...lineLayers(layer, style.line, context));
  }
  if (style.point && admits(layer, "Point")) shapes.push(...pointLayers(layer, style.point, context));
  const labels = style.label?.field ? [labelLayer(layer, style.label, context)] : [];
  return { shapes, labels };
}

function admits(layer: LayerInfo, geometry: string): boolean {
  return layer.geometry_type === geometry || layer.geometry_type === "Any" || layer.geometry_type === "";
}

type Common = { id: string; source: string; "source-layer": string } & { minzoom?: number; maxzoom?: number };

function common(layer: LayerInfo, part: string): Common {
  const lowest = Math.max(layer.min_zoom, layer.style.minzoom ?? 0);
  return {
    id: `${layer.name}/${part}`,
    source: layer.name,
    "source-layer": layer.name,
    ...(lowest > 0 ? { minzoom: lowest } : {}),
    ...(layer.style.maxzoom === undefined ? {} : { maxzoom: layer.style.maxzoom }),
  };
}

// -- colours and classes ---------------------------------------------------------------------------------------

/** One of a pair of colours by theme. */
export function themed(day: string | undefined, night: string | undefined, theme: Theme): string | undefined {
  return theme === "night" ? (night ?? day) : day;
}

/** Whether a value, given as an expression, belongs to a class. */
export function inClass(value: Expression, one: StyleClass): Expression {
  if (one.value !== undefined) {
    const values = Array.isArray(one.value) ? one.value : [one.value];
    return ["in", ["to-string", value], ["literal", values.map(String)]];
  }
  const tests: Expression[] = [["==", ["typeof", value], "number"]];
  if (one.from !== undefined && one.from !== null) tests.push([">=", value, one.from]);
  if (one.to !== undefined && one.to !== null) tests.push(["<", value, one.to]);
  return ["all", ...tests];
}

function byClass<T extends string | number>(
  value: Expression,
  classes: readonly StyleClass[],
  of: (one: StyleClass) => T,
  rest: T,
): T | Expression {
  if (classes.length === 0) return rest;
  const branches = classes.flatMap((one) => [inClass(value, one), of(one)]);
  return ["case", ...branches, rest] as unknown as Expression;
}

/** The colour of a part: plain, or by the class its attribute falls in. */
export function colourOf(paint: Paint, theme: Theme, rest = TRANSPARENT): Colour {
  const plain = themed(paint.color, paint.color_night, theme) ?? rest;
  if (!paint.by || !paint.classes) return plain;
  return byClass(
    ["get", paint.by],
    paint.classes,
    (one) => themed(one.color, one.color_night, theme) ?? plain,
    plain,
  );
}

// -- areas -----------------------------------------------------------------------------------------------------

function fillLayers(layer: LayerInfo, fill: FillStyle, { theme }: Context): LayerSpecification[] {
  const colour = colourOf(fill, theme);
  const layers: LayerSpecification[] = [
    {
      ...common(layer, "fill"),
      type: "fill",
      filter: isPolygon,
      paint: { "fill-color": colour, "fill-opacity": fill.opacity ?? 1, "fill-antialias": !fill.outline },
    },
  ];
  for (const [index, { pattern, colour: ink, filter }] of patternsOf(fill, theme).entries()) {
    layers.push({
      ...common(layer, `pattern${index}`),
      type: "fill",
      filter,
      paint: { "fill-pattern": patternName(pattern, ink), "fill-opacity": 0.7 },
    });
  }
  const outline = themed(fill.outline, fill.outline_night, theme);
  if (outline) {
    layers.push({
      ...common(layer, "outline"),
      type: "line",
      filter: isPolygon,
      paint: { "line-color": outline, "line-width": zoomed(0.5, 1.1) },
    });
  }
  return layers;
}

const isPolygon: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];

function patternsOf(
  fill: FillStyle,
  theme: Theme,
): { pattern: Pattern; colour: string; filter: FilterSpecification }[] {
  const field = fill.by;
  const found = (fill.classes ?? []).flatMap((one) => {
    const colour = themed(one.color, one.color_night, theme);
    if (!one.pattern || !field || !colour) return [];
    const filter: FilterSpecification = ["all", isPolygon, inClass(["get", field], one)];
    return [{ pattern: one.pattern, colour, filter }];
  });
  const colour = themed(fill.color, fill.color_night, theme);
  return fill.pattern && colour ? [...found, { pattern: fill.pattern, colour, filter: isPolygon }] : found;
}

// -- lines -----------------------------------------------------------------------------------------------------

function zoomed(far: number, near: number): Expression {
  return ["interpolate", ["linear"], ["zoom"], 11, far, 18, near];
}

/** Pixels of one metre on the ground at a zoom, for tiles of 512 px. */
export function pixelsPerMetre(zoom: number, latitude: number): number {
  const circumference = 40_075_016.686 * Math.cos((latitude * Math.PI) / 180);
  return (512 * 2 ** zoom) / circumference;
}

/** A width in pixels: fixed (thinner from afar), or that of an attribute in metres but never under a hairline. */
export function widthOf(line: LineStyle, latitude: number, extra = 0): Expression {
  const fixed = line.width ?? 1;
  if (!line.width_by) {
    return ["interpolate", ["linear"], ["zoom"], 10, fixed * 0.55 + extra * 0.5, 16, fixed + extra];
  }
  const metres: Expression = ["to-number", ["get", line.width_by], 0];
  const at = (zoom: number, least: number): Expression => [
    "+",
    ["max", least, ["*", metres, pixelsPerMetre(zoom, latitude)]],
    extra,
  ];
  const near = Math.max(fixed, 0.75);
  return ["interpolate", ["exponential", 2], ["zoom"], 10, at(10, 0.5), 13, at(13, near), 24, at(24, near)];
}

function lineLayers(layer: LayerInfo, line: LineStyle, { theme, latitude }: Context): LayerSpecification[] {
  const dashed = line.dash !== undefined && line.dash.length > 1;
  const layout = { "line-cap": dashed ? "butt" : "round", "line-join": "round" } as const;
  const layers: LayerSpecification[] = [];
  const casing = themed(line.casing, line.casing_night, theme);
  if (casing) {
    layers.push({
      ...common(layer, "casing"),
      type: "line",
      layout,
      paint: { "line-color": casing, "line-width": widthOf(line, latitude, 2 * (line.casing_width ?? 1)) },
    });
  }
  layers.push({
    ...common(layer, "line"),
    type: "line",
    layout,
    paint: {
      "line-color": colourOf(line, theme),
      "line-width": widthOf(line, latitude),
      "line-opacity": line.opacity ?? 1,
      ...(dashed ? { "line-dasharray": line.dash ?? [] } : {}),
    },
  });
  return layers;
}

// -- points ----------------------------------------------------------------------------------------------------

/** Value and freshness of a thing's newest result, put on the map's features as they come in. */
export const LIVE_VALUE: Expression = ["feature-state", "value"];
const LIVE_FRESH: Expression = ["coalesce", ["feature-state", "fresh"], "none"];

function pointLayers(layer: LayerInfo, point: PointStyle, { theme }: Context): LayerSpecification[] {
  const ink = ground(theme);
  const plain = colourOf(point, theme);
  const classes = layer.style.live?.classes ?? [];
  const colour = classes.length === 0 ? plain : liveColour(classes, theme, plain);
  const live = layer.style.live !== undefined;
  const radius = point.radius ?? 4;
  if (point.shape && point.shape !== "circle" && point.shape !== "sector") {
    return [iconLayer(layer, point, colour, radius, ink, live)];
  }
  const stroke = themed(point.stroke, point.stroke_night, theme) ?? ink.halo;
  return [
    {
      ...common(layer, "point"),
      type: "circle",
      filter: isPoint,
      paint: {
        "circle-color": colour,
        "circle-radius": [
          "interpolate",
          ["linear"],
          ["zoom"],
          10,
          radius * 0.5,
          13,
          radius * 0.8,
          16,
          radius,
        ],
        "circle-opacity": live ? whenSilent(0, point.opacity ?? 1) : (point.opacity ?? 1),
        "circle-stroke-color": live ? strokeOf(classes, stroke, ink, theme) : stroke,
        "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 10, 0.5, 15, point.stroke_width ?? 1],
      },
    },
  ];
}

const isPoint: ExpressionSpecification = ["==", ["geometry-type"], "Point"];

/** A silent thing is hollow: seen without colour. */
function whenSilent<T extends number | string>(silent: T, other: T): Expression {
  return ["case", ["==", LIVE_FRESH, "missing"], silent, other];
}

function liveColour(classes: readonly StyleClass[], theme: Theme, rest: Colour): Colour {
  const branches = classes.flatMap((one) => [
    inClass(LIVE_VALUE, one),
    themed(one.color, one.color_night, theme) ?? TRANSPARENT,
  ]);
  return ["case", ...branches, rest] as unknown as Expression;
}

/** A thing that is silent, or whose class is the colour of its own edge (off, empty), is a ring of ink. */
function strokeOf(classes: readonly StyleClass[], stroke: string, ink: Ground, theme: Theme): Expression {
  const pale = classes.filter((one) => themed(one.color, one.color_night, theme) === stroke);
  const hollow: Expression = [
    "any",
    ["==", LIVE_FRESH, "missing"],
    ...pale.map((one) => inClass(LIVE_VALUE, one)),
  ];
  return ["case", hollow, ink.text, stroke];
}

function iconLayer(
  layer: LayerInfo,
  point: PointStyle,
  colour: Colour,
  radius: number,
  ink: Ground,
  live: boolean,
): LayerSpecification {
  return {
    ...common(layer, "point"),
    type: "symbol",
    filter: isPoint,
    layout: {
      "icon-image": iconName(point.shape ?? "circle"),
      "icon-size": ["interpolate", ["linear"], ["zoom"], 10, radius / 24, 16, radius / 11],
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
    },
    paint: {
      "icon-color": colour,
      "icon-halo-color": ink.halo,
      "icon-halo-width": point.stroke_width ?? 1,
      "icon-opacity": live ? whenSilent(0.45, point.opacity ?? 1) : (point.opacity ?? 1),
    },
  };
}

// -- names -----------------------------------------------------------------------------------------------------

function labelLayer(layer: LayerInfo, label: LabelStyle, { theme }: Context): LayerSpecification {
  const ink = ground(theme);
  const size = label.size ?? 11;
  const along = label.placement === "line";
  const whole = namedWhole(layer);
  const { "source-layer": tiled, ...rest } = common(layer, "label");
  const base = whole ? { ...rest, source: namesSource(layer) } : { ...rest, "source-layer": tiled };
  const aside = layer.style.point !== undefined && !along;
  const lowest = Math.max(base.minzoom ?? 0, label.min_zoom ?? 0);
  return {
    ...base,
    ...(lowest > 0 ? { minzoom: lowest } : {}),
    type: "symbol",
    layout: {
      "text-field": broken(["to-string", ["coalesce", ["get", label.field ?? "name"], ""]]),
      "text-font": [label.weight === "strong" ? FONT_STRONG : FONT_REGULAR],
      "text-size": ["interpolate", ["linear"], ["zoom"], 8, size * 0.9, 16, size, 19, size * 1.15],
      "text-max-width": 12,
      // Vietnamese stacks two marks above a letter.
      "text-line-height": 1.3,
      "text-padding": 4,
      "symbol-placement": along ? "line" : "point",
      "symbol-spacing": 320,
      "text-max-angle": 35,
      ...(along ? {} : { "text-letter-spacing": label.weight === "strong" ? 0.04 : 0 }),
      ...(aside
        ? {
            "text-variable-anchor": ["left", "right", "top", "bottom"] as const,
            "text-radial-offset": 0.8,
            "text-justify": "auto" as const,
          }
        : {}),
    },
    paint: {
      "text-color": themed(label.color, label.color_night, theme) ?? ink.text,
      "text-halo-color": themed(label.halo, label.halo_night, theme) ?? ink.halo,
      "text-halo-width": 1.6,
      "text-halo-blur": 0.2,
    },
  };
}

/** What stands in brackets begins a line of its own, so that names are not torn apart. */
function broken(text: Expression): Expression {
  const at: Expression = ["index-of", " (", text];
  const parted: Expression = ["concat", ["slice", text, 0, at], "\n", ["slice", text, ["+", at, 1]]];
  return ["case", [">=", at, 0], parted, text];
}

// -- grids -----------------------------------------------------------------------------------------------------

function rasterLayer(layer: LayerInfo): LayerSpecification {
  const { style } = layer;
  return {
    id: `${layer.name}/raster`,
    source: layer.name,
    type: "raster",
    ...(style.minzoom === undefined ? {} : { minzoom: style.minzoom }),
    ...(style.maxzoom === undefined ? {} : { maxzoom: style.maxzoom }),
    paint: {
      "raster-opacity": style.raster?.opacity ?? 0.85,
      "raster-fade-duration": 0,
      "raster-resampling": style.raster?.smooth ? "linear" : "nearest",
    },
  };
}
