import { expect, it } from "vitest";
import { deepestPoint, namePoints } from "./names";

it("finds the middle of a square, and the wide end of a bottle", () => {
  const square = [
    [0, 0],
    [2, 0],
    [2, 2],
    [0, 2],
    [0, 0],
  ];
  const [x, y] = deepestPoint([square]);
  expect(x).toBeCloseTo(1, 1);
  expect(y).toBeCloseTo(1, 1);
  const bottle = [
    [0, 0],
    [4, 0],
    [4, 4],
    [2.2, 4],
    [2.2, 12],
    [1.8, 12],
    [1.8, 4],
    [0, 4],
    [0, 0],
  ];
  const [, height] = deepestPoint([bottle]);
  expect(height).toBeGreaterThan(1.5);
  expect(height).toBeLessThan(2.6);
});

it("never names a hole or the bay of a horseshoe", () => {
  const ring = [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
    [0, 0],
  ];
  const hole = [
    [2, 2],
    [8, 2],
    [8, 8],
    [2, 8],
    [2, 2],
  ];
  const [x, y] = deepestPoint([ring, hole]);
  expect(x > 2 && x < 8 && y > 2 && y < 8).toBe(false);
  expect(x > 0 && x < 10 && y > 0 && y < 10).toBe(true);
});

it("names the largest part of an area in several parts, and leaves out what has no place", () => {
  const small = [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
      [0, 0],
    ],
  ];
  const large = [
    [
      [10, 10],
      [20, 10],
      [20, 20],
      [10, 20],
      [10, 10],
    ],
  ];
  const points = namePoints({
    type: "FeatureCollection",
    features: [
      {
        type: "Feature",
        id: "a",
        properties: { name: "A" },
        geometry: { type: "MultiPolygon", coordinates: [small, large] },
      },
      { type: "Feature", id: "b", properties: { name: "B" }, geometry: null as never },
    ],
  });
  expect(points.features.map((one) => String(one.properties?.fid))).toEqual(["a"]);
  expect(points.features[0]?.geometry.coordinates[0]).toBeCloseTo(15, 0);
});
