/** The field of view of a camera as an area on the ground. */

import type { Feature, Polygon } from "geojson";
import type { PointStyle } from "../api/types";

const EARTH_RADIUS_M = 6_371_008.8;
/** Of a camera that says where it looks but not how wide or how far. */
const DEFAULT_ANGLE = 60;
const DEFAULT_RANGE_M = 40;

/** A position some metres away in a direction, clockwise from north; good for distances within a city. */
export function offset(lon: number, lat: number, azimuth: number, metres: number): [number, number] {
  const angle = (azimuth * Math.PI) / 180;
  const north = (metres * Math.cos(angle)) / EARTH_RADIUS_M;
  const east = (metres * Math.sin(angle)) / (EARTH_RADIUS_M * Math.cos((lat * Math.PI) / 180));
  return [lon + (east * 180) / Math.PI, lat + (north * 180) / Math.PI];
}

/** A sector (a full circle from 360° on), drawn with an edge every 4 degrees or finer. [degrees, metres] */
export function sector(
  lon: number,
  lat: number,
  azimuth: number,
  angle: number,
  range: number,
): Feature<Polygon> {
  const whole = angle >= 360;
  const steps = Math.max(8, Math.ceil(Math.min(angle, 360) / 4));
  const ring: [number, number][] = whole ? [] : [[lon, lat]];
  for (let i = 0; i <= steps; i += 1) {
    const direction = azimuth - angle / 2 + (Math.min(angle, 360) * i) / steps;
    ring.push(offset(lon, lat, direction, range));
  }
  const [first] = ring;
  if (first) ring[whole ? ring.length - 1 : ring.length] = first;
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}

/** What a camera sees, from its attributes; null where it does not say which way it looks. */
export function fieldOfView(
  style: PointStyle,
  properties: Record<string, unknown>,
  [lon, lat]: [number, number],
): Feature | null {
  const read = (key: string | number | undefined, rest: number): number => {
    const value = typeof key === "string" ? properties[key] : key;
    return typeof value === "number" && Number.isFinite(value) ? value : rest;
  };
  const angle = read(style.angle ?? "angle_deg", DEFAULT_ANGLE);
  const azimuth = read(style.azimuth, angle >= 360 ? 0 : NaN);
  if (Number.isNaN(azimuth)) return null;
  return sector(lon, lat, azimuth, angle, read(style.range ?? "range_m", DEFAULT_RANGE_M));
}

/** Whether a layer's points look somewhere. */
export function looks(style: PointStyle | undefined): style is PointStyle {
  return style !== undefined && (style.shape === "sector" || style.azimuth !== undefined);
}
