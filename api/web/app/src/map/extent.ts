/** Boxes around geometries. */

import type { FeatureCollection, Geometry } from "geojson";
import type { Box } from "../api/types";

/** All geometries of a collection as one. */
export function together(collection: FeatureCollection): Geometry {
  // A feature may be without a place, whatever the type says.
  const geometries = collection.features.map((one) => one.geometry as Geometry | null);
  return { type: "GeometryCollection", geometries: geometries.filter((one) => one !== null) };
}

export function boxOf(geometry: Geometry | null): Box | null {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (held: unknown): void => {
    if (!Array.isArray(held)) return;
    const [x, y] = held as unknown[];
    if (typeof x === "number" && typeof y === "number") {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    } else for (const part of held) take(part);
  };
  const walk = (one: Geometry): void => {
    if (one.type === "GeometryCollection") one.geometries.forEach(walk);
    else take(one.coordinates);
  };
  if (geometry) walk(geometry);
  return Number.isFinite(box[0]) ? box : null;
}
