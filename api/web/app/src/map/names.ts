/** Where the name of an area stands: once, deep inside it, however many tiles the area is cut into. */

import type { FeatureCollection, Geometry, Point, Position } from "geojson";
import type { LayerInfo } from "../api/types";

/** Layers with more areas than this are named tile by tile. */
const MOST_AREAS = 300;

/** Whether a layer's names are placed by whole areas. */
export function namedWhole(layer: LayerInfo): boolean {
  const { label } = layer.style;
  return (
    layer.kind === "feature" &&
    layer.geometry_type === "Polygon" &&
    layer.count <= MOST_AREAS &&
    label?.field !== undefined &&
    label.placement !== "line"
  );
}

export function namesSource(layer: LayerInfo): string {
  return `${layer.name}/names`;
}

export const MOST_NAMED = MOST_AREAS;

/** Points that carry the attributes of areas. */
export function namePoints(areas: FeatureCollection): FeatureCollection<Point> {
  const features = areas.features.flatMap((area) => {
    const place = area.geometry as Geometry | null;
    const rings = place === null ? null : largestPart(place);
    if (!rings) return [];
    const point: Point = { type: "Point", coordinates: deepestPoint(rings) };
    return [{ type: "Feature" as const, properties: { ...area.properties, fid: area.id }, geometry: point }];
  });
  return { type: "FeatureCollection", features };
}

function largestPart(geometry: Geometry): Position[][] | null {
  if (geometry.type === "Polygon") return geometry.coordinates;
  if (geometry.type !== "MultiPolygon") return null;
  return geometry.coordinates.toSorted((a, b) => extent(b) - extent(a))[0] ?? null;
}

function bounds(rings: Position[][]): [number, number, number, number] {
  const xs = (rings[0] ?? []).map(([x]) => x ?? 0);
  const ys = (rings[0] ?? []).map(([, y]) => y ?? 0);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function extent(rings: Position[][]): number {
  const [west, south, east, north] = bounds(rings);
  return (east - west) * (north - south);
}

const GRID = 20;
const ROUNDS = 3;

/** The point inside furthest from every edge, to about a thousandth of the area's size. */
export function deepestPoint(rings: Position[][]): [number, number] {
  let [west, south, east, north] = bounds(rings);
  let best: [number, number] = [(west + east) / 2, (south + north) / 2];
  let depth = -Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [dx, dy] = [(east - west) / GRID, (north - south) / GRID];
    for (let i = 0; i < GRID; i += 1) {
      for (let j = 0; j < GRID; j += 1) {
        const point: [number, number] = [west + (i + 0.5) * dx, south + (j + 0.5) * dy];
        const here = depthAt(rings, point);
        if (here > depth) [depth, best] = [here, point];
      }
    }
    [west, south, east, north] = [best[0] - dx, best[1] - dy, best[0] + dx, best[1] + dy];
  }
  return best;
}

/** Distance to the nearest edge, negative outside. */
function depthAt(rings: Position[][], [x, y]: [number, number]): number {
  let inside = false;
  let nearest = Infinity;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [ax = 0, ay = 0] = ring[i - 1] ?? [];
      const [bx = 0, by = 0] = ring[i] ?? [];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
      const [ex, ey] = [bx - ax, by - ay];
      const length = ex * ex + ey * ey || 1;
      const along = Math.max(0, Math.min(1, ((x - ax) * ex + (y - ay) * ey) / length));
      nearest = Math.min(nearest, Math.hypot(x - ax - along * ex, y - ay - along * ey));
    }
  }
  return inside ? nearest : -nearest;
}
