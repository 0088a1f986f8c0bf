/** Numbers for people: decimal comma in Vietnamese, thin spaces between groups, figures that suit the quantity. */

import type { Lang } from "../i18n/messages";

const THIN = "\u202f";
const MINUS = "\u2212";

/** A number with a fixed or fitting count of decimals. */
export function formatNumber(value: number, lang: Lang, decimals?: number): string {
  if (!Number.isFinite(value)) return "–";
  const places = decimals ?? fittingDecimals(value);
  const fixed = Math.abs(value).toFixed(places);
  const [whole = "0", fraction] = fixed.split(".");
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, THIN) : whole;
  const sign = value < 0 && Number(fixed) !== 0 ? MINUS : "";
  const mark = lang === "vi" ? "," : ".";
  return sign + grouped + (fraction === undefined ? "" : mark + fraction);
}

/** Three figures or so, without zeros that say nothing. */
export function fittingDecimals(value: number): number {
  const size = Math.abs(value);
  const most = size >= 100 ? 1 : size >= 1 ? 2 : 3;
  const rounded = value.toFixed(most);
  let places = 0;
  while (Number(value.toFixed(places)) !== Number(rounded)) places += 1;
  return places;
}

/** A distance in metres, or kilometres from one kilometre on. */
export function formatDistance(metres: number, lang: Lang): string {
  if (metres >= 1000) return `${formatNumber(metres / 1000, lang, metres >= 10_000 ? 0 : 1)} km`;
  return `${formatNumber(metres, lang, metres >= 10 ? 0 : 1)} m`;
}

/** An area in m², or hectares from one hectare on. */
export function formatArea(squareMetres: number, lang: Lang): string {
  if (squareMetres >= 10_000) return `${formatNumber(squareMetres / 10_000, lang, 2)} ha`;
  return `${formatNumber(squareMetres, lang, 1)} m²`;
}

/** A position as people quote it: longitude, latitude. */
export function formatLonLat(lon: number, lat: number, lang: Lang): string {
  return `${formatNumber(lon, lang, 5)}; ${formatNumber(lat, lang, 5)}`;
}
