/** A position that stands for a geometry. */

import type { Geometry, Position } from "geojson";
import { deepestPoint } from "./names";

/** The point itself, the middle vertex of a line, the deepest point of an area; of several parts the first. */
export function middleOf(geometry: Geometry): [number, number] | null {
  switch (geometry.type) {
    case "Point":
      return pair(geometry.coordinates);
    case "LineString":
      return pair(geometry.coordinates[Math.floor(geometry.coordinates.length / 2)]);
    case "Polygon":
      return deepestPoint(geometry.coordinates);
    case "MultiPoint":
      return pair(geometry.coordinates[0]);
    case "MultiLineString":
      return geometry.coordinates[0]
        ? middleOf({ type: "LineString", coordinates: geometry.coordinates[0] })
        : null;
    case "MultiPolygon":
      return geometry.coordinates[0] ? deepestPoint(geometry.coordinates[0]) : null;
    case "GeometryCollection":
      return geometry.geometries[0] ? middleOf(geometry.geometries[0]) : null;
  }
}

function pair(position: Position | undefined): [number, number] | null {
  const [lon, lat] = position ?? [];
  return lon === undefined || lat === undefined ? null : [lon, lat];
}
