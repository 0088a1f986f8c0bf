/** How a case's clock looks and what it says. */

import type { CaseClock } from "../api/cases";
import { formatNumber } from "../format/number";
import { parseTime } from "../format/time";
import type { Lang } from "../i18n/messages";

/** From this share of its time on, a clock is red. */
const LAST_EIGHTH = 7 / 8;
/** Working time of a day. [s] */
const WORKING_DAY_S = 8 * 3600;

export type ClockLook = "stopped" | "met" | "late" | "due" | "running";

export function clockLook(clock: CaseClock, now: number): ClockLook {
  if (clock.state === "stopped") return "stopped";
  if (clock.state === "met") return "met";
  const due = parseTime(clock.due);
  if (clock.state === "missed" || (clock.left_s ?? 1) <= 0 || (due !== null && due < now)) return "late";
  return (clock.share ?? 0) >= LAST_EIGHTH ? "due" : "running";
}

/** The clock that matters most: what runs, soonest first; then what stands. */
export function pressing(clocks: readonly CaseClock[]): CaseClock | null {
  const rank = (clock: CaseClock): number =>
    clock.state === "running" || clock.state === "missed" ? 0 : clock.state === "stopped" ? 1 : 2;
  const sorted = clocks
    .filter((clock) => clock.state !== "cancelled")
    .sort((a, b) => rank(a) - rank(b) || (parseTime(a.due) ?? Infinity) - (parseTime(b.due) ?? Infinity));
  return sorted[0] ?? null;
}

/** Working time in days of eight hours, hours below two days, minutes below two hours. */
export function formatWorking(seconds: number, lang: Lang): string {
  const vi = lang === "vi";
  const s = Math.max(0, seconds);
  if (s >= 2 * WORKING_DAY_S)
    return `${formatNumber(Math.floor((s / WORKING_DAY_S) * 2) / 2, lang)} ${vi ? "ngày làm việc" : "working days"}`;
  if (s >= 2 * 3600) return `${Math.floor(s / 3600)} ${vi ? "giờ làm việc" : "working h"}`;
  return `${Math.floor(s / 60)} ${vi ? "phút" : "min"}`;
}
