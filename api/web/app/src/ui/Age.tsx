/** How old something is: shape, word and colour together. */

import type { Datastream, Freshness } from "../api/types";
import { formatAge, parseTime } from "../format/time";
import { state } from "../state/city";
import { cursor, now } from "../state/clock";
import { lang, t } from "../state/preferences";

/** A source silent for this many times the age it declares has lost its signal. */
const LOST_AFTER = 3;

/** The page counts on from the last answer, so a source that falls silent is seen to do so. */
export function freshnessAt(time: number | null, maxAge: number | null, at: number): Freshness {
  if (time === null) return "missing";
  if (maxAge === null) return "fresh";
  const age = (at - time) / 1000;
  if (age <= maxAge) return "fresh";
  return age <= maxAge * LOST_AFTER ? "stale" : "missing";
}

/** The moment the figures on the page are of: now, or in the past the time of the answer that is shown. */
export function viewedMoment(): number {
  if (cursor.value === null) return now.value;
  const answered = state.data.value === null ? null : parseTime(state.data.value.at);
  return answered ?? cursor.value;
}

export function freshnessOf(stream: Datastream): Freshness {
  return freshnessAt(parseTime(stream.time), stream.max_age_s, viewedMoment());
}

export function Age({ time, freshness }: { time: number | null; freshness: Freshness }) {
  const past = cursor.value !== null;
  const look = freshness === "fresh" ? (past ? "age--past" : "") : `age--${freshness}`;
  if (time === null) return <span class="age age--missing">{t("fresh.never")}</span>;
  const age = formatAge(viewedMoment() - time, lang.value);
  return <span class={`age ${look}`}>{freshness === "missing" ? t("fresh.lost", { age }) : age}</span>;
}
