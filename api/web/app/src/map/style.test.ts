import { expression, validateStyleMin } from "@maplibre/maplibre-gl-style-spec";
import { describe, expect, it } from "vitest";
import type { LayerInfo, LayerStyle } from "../api/types";
import { corners, patternLines, signedDistance } from "./images";
import { roundLength } from "./length";
import { fieldOfView, offset, sector } from "./sector";
import { colourOf, inClass, paintingOrder, pixelsPerMetre, translate, widthOf } from "./style";

function layer(style: LayerStyle, more: Partial<LayerInfo> = {}): LayerInfo {
  return {
    name: "lamps",
    title: "Đèn",
    title_en: "Lamps",
    description: "",
    kind: "feature",
    geometry_type: "Point",
    group: "sensors",
    style,
    legend: [],
    count: 1,
    extent: null,
    newest: null,
    freshness: "fresh",
    max_age_s: null,
    revision: 1,
    synthetic: false,
    attribution: "",
    licence: "",
    min_zoom: 0,
    order: 0,
    access: "public",
    fields: [],
    ...more,
  };
}

const DAY = { theme: "day", latitude: 11.5 } as const;
const NIGHT = { theme: "night", latitude: 11.5 } as const;

/** What an expression gives for a feature's attributes. */
function evaluate(value: unknown, properties: Record<string, unknown>, zoom = 12): unknown {
  const compiled = expression.createExpression(value, "layers[0].paint.test");
  if (compiled.result === "error") throw new Error(JSON.stringify(compiled.value));
  return compiled.value.evaluate({ zoom }, { type: "Point", properties });
}

describe("a portable style", () => {
  const full: LayerStyle = {
    minzoom: 10,
    fill: {
      by: "use",
      color: "#111111",
      outline: "#222222",
      classes: [{ value: ["a", "b"], color: "#aa0000", color_night: "#330000", pattern: "hatch" }],
    },
    line: {
      color: "#333333",
      width: 2,
      width_by: "width_m",
      casing: "#444444",
      casing_width: 1,
      dash: [2, 1],
    },
    point: { color: "#555555", shape: "diamond", radius: 5 },
    label: { field: "name", size: 11, placement: "line", weight: "strong" },
    live: { key: "state", classes: [{ value: "on", color: "#ffcc00" }] },
  };

  it("becomes layers the map's own specification accepts", () => {
    for (const geometry_type of ["Point", "LineString", "Polygon", "Any"]) {
      for (const context of [DAY, NIGHT]) {
        const { shapes, labels } = translate(layer(full, { geometry_type }), context);
        const style = {
          version: 8 as const,
          glyphs: "http://x/{fontstack}/{range}",
          sources: { lamps: { type: "vector" as const, tiles: ["http://x/{z}"] } },
          layers: [...shapes, ...labels],
        };
        expect(validateStyleMin(style).map((error) => error.message)).toEqual([]);
        expect(shapes.length).toBeGreaterThan(0);
      }
    }
  });

  it("draws only what its geometry admits", () => {
    const ids = (geometry_type: string): string[] =>
      translate(layer(full, { geometry_type }), DAY).shapes.map((one) => one.id);
    expect(ids("Point")).toEqual(["lamps/point"]);
    expect(ids("LineString")).toEqual(["lamps/casing", "lamps/line"]);
    expect(ids("Polygon")).toContain("lamps/pattern0");
  });

  it("takes the night colour, and the day's where there is none", () => {
    expect(colourOf({ color: "#111111", color_night: "#222222" }, "night")).toBe("#222222");
    expect(colourOf({ color: "#111111" }, "night")).toBe("#111111");
  });

  it("takes the first class that fits, and the plain colour for the rest", () => {
    const colour = colourOf(
      {
        by: "v",
        color: "#000000",
        classes: [
          { to: 1, color: "#00ff00" },
          { from: 1, to: 2, color: "#ff0000" },
        ],
      },
      "day",
    );
    const at = (v: unknown): string => String(evaluate(["to-string", colour], { v }));
    expect([at(0.5), at(1), at(2), at("x"), at(null)]).toEqual([
      "#00ff00",
      "#ff0000",
      "#000000",
      "#000000",
      "#000000",
    ]);
  });

  it("matches numbers and words of a value list alike", () => {
    const test = inClass(["get", "v"], { value: ["A", 3], color: "#000000" });
    expect([evaluate(test, { v: "A" }), evaluate(test, { v: 3 }), evaluate(test, { v: "B" })]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("draws a width in metres true to scale from near, and never under a hairline", () => {
    const width = widthOf({ width_by: "w" }, 11.5);
    const perMetre = pixelsPerMetre(17, 11.5);
    expect(evaluate(width, { w: 20 }, 17)).toBeCloseTo(20 * perMetre, 0);
    expect(evaluate(width, { w: 0.01 }, 17)).toBeGreaterThanOrEqual(0.5);
  });

  it("knows the scale of a 512-pixel tile at the equator", () => {
    expect(pixelsPerMetre(0, 0)).toBeCloseTo(512 / 40_075_016.686, 12);
  });

  it("gives a layer nobody styled a plain look", () => {
    expect(translate(layer({}), DAY).shapes.map((one) => one.id)).toEqual(["lamps/point"]);
  });
});

describe("painting order", () => {
  it("puts the ground first, then by order, areas before lines before points", () => {
    const made = [
      layer({}, { name: "event", group: "events" }),
      layer({}, { name: "point", group: "base", order: 2 }),
      layer({}, { name: "line", group: "base", order: 2, geometry_type: "LineString" }),
      layer({}, { name: "area", group: "base", order: 2, geometry_type: "Polygon" }),
      layer({}, { name: "first", group: "base", order: 1 }),
      layer({}, { name: "odd", group: "something else" }),
    ];
    expect(paintingOrder(made).map((one) => one.name)).toEqual([
      "first",
      "area",
      "line",
      "point",
      "odd",
      "event",
    ]);
  });
});

describe("a field of view", () => {
  it("looks where its azimuth points, as far as it reaches", () => {
    const [lon, lat] = offset(106.9, 11.5, 90, 1000);
    expect(lat).toBeCloseTo(11.5, 9);
    // One degree of longitude at 11.5° is 111,195 m × cos 11.5°.
    expect(lon - 106.9).toBeCloseTo(1000 / (111_195.08 * Math.cos((11.5 * Math.PI) / 180)), 7);
  });

  it("begins and ends at the camera, and is a whole circle from 360° on", () => {
    const ring = sector(106.9, 11.5, 0, 60, 50).geometry.coordinates[0] ?? [];
    expect(ring[0]).toEqual([106.9, 11.5]);
    expect(ring.at(-1)).toEqual([106.9, 11.5]);
    const round = sector(106.9, 11.5, 0, 360, 50).geometry.coordinates[0] ?? [];
    expect(round[0]).toEqual(round.at(-1));
    expect(round).not.toContainEqual([106.9, 11.5]);
  });

  it("is not guessed for a camera that does not say where it looks", () => {
    expect(fieldOfView({ azimuth: "azimuth" }, { azimuth: null }, [106.9, 11.5])).toBeNull();
    expect(fieldOfView({ azimuth: "azimuth" }, { azimuth: 0 }, [106.9, 11.5])).not.toBeNull();
  });
});

describe("pictures", () => {
  it("are negative inside their shape and positive outside", () => {
    for (const shape of ["square", "triangle", "diamond"]) {
      expect(signedDistance(0, 0, corners(shape))).toBeLessThan(0);
      expect(signedDistance(30, 30, corners(shape))).toBeGreaterThan(0);
    }
  });

  it("tile: what leaves at one edge enters at the other", () => {
    const at = (x: number, y: number): boolean =>
      patternLines("hatch").some(
        ([x0, y0, x1, y1]) => Math.abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) < 1e-9,
      );
    expect(at(0, 0)).toBe(at(16, 16));
    expect(at(0, 16)).toBe(true);
  });
});

it("makes scale bars of round lengths", () => {
  expect([973, 1000, 4999, 7, 0.3].map(roundLength)).toEqual([500, 1000, 2000, 5, 0.2]);
});
