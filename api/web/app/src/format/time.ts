/** Times for people, always in Viet Nam's clock (UTC+7 all year), whatever the browser's zone is. */

import type { Lang } from "../i18n/messages";

export const ZONE_OFFSET_MS = 7 * 3_600_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  weekday: number;
}

export function localParts(ms: number): Parts {
  const shifted = new Date(ms + ZONE_OFFSET_MS);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    second: shifted.getUTCSeconds(),
    weekday: shifted.getUTCDay(),
  };
}

const two = (n: number): string => String(n).padStart(2, "0");

/** 18/10/2026 */
export function formatDate(ms: number): string {
  const p = localParts(ms);
  return `${two(p.day)}/${two(p.month)}/${p.year}`;
}

/** 02:15 */
export function formatClock(ms: number, withSeconds = false): string {
  const p = localParts(ms);
  return `${two(p.hour)}:${two(p.minute)}` + (withSeconds ? `:${two(p.second)}` : "");
}

/** 18/10/2026 02:15 */
export function formatDateTime(ms: number): string {
  return `${formatDate(ms)} ${formatClock(ms)}`;
}

/** 18/10 */
export function formatDayMonth(ms: number): string {
  const p = localParts(ms);
  return `${two(p.day)}/${two(p.month)}`;
}

/** What a person typed: dd/MM/yyyy, with or without HH:mm, in Viet Nam's clock. [ms] */
export function parseDateTime(text: string): number | null {
  const match = /^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[\s,T]+(\d{1,2})[:hg](\d{2})?)?\s*$/i.exec(text);
  if (!match) return null;
  const [day, month, year, hour, minute] = match.slice(1).map((part) => Number(part || 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Date.UTC(year, month - 1, day, hour, minute) - ZONE_OFFSET_MS;
  const back = localParts(ms);
  const same = back.day === day && back.month === month && back.hour === hour && back.minute === minute;
  return same ? ms : null;
}

export function parseTime(text: string | null | undefined): number | null {
  if (!text) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

const UNITS: [ms: number, vi: string, en: string][] = [
  [365 * DAY, "năm", "yr"],
  [DAY, "ngày", "d"],
  [HOUR, "giờ", "h"],
  [MINUTE, "phút", "min"],
  [1000, "giây", "s"],
];

/** An age or span in its largest unit, rounded down: "14 phút". */
export function formatAge(ms: number, lang: Lang): string {
  const span = Math.max(0, ms);
  const [size, vi, en] = UNITS.find(([unit]) => span >= unit) ?? [1000, "giây", "s"];
  return `${Math.floor(span / size)} ${lang === "vi" ? vi : en}`;
}

/** A span in its two largest units: "36 ngày 17 giờ". */
export function formatSpan(ms: number, lang: Lang): string {
  const span = Math.max(0, ms);
  const first = UNITS.findIndex(([unit]) => span >= unit);
  if (first < 0) return formatAge(span, lang);
  const [size] = UNITS[first] ?? [1000];
  const rest = span % size;
  const next = UNITS[first + 1];
  const whole = formatAge(span, lang);
  return next && rest >= next[0] ? `${whole} ${formatAge(rest, lang)}` : whole;
}
