/** The time a case has left: red in its last eighth, hollow while its clock stands still. */

import type { CaseClock } from "../api/cases";
import { formatDateTime, parseTime } from "../format/time";
import { now } from "../state/clock";
import { lang, pick, t } from "../state/preferences";
import { Icon } from "./Icon";
import { clockLook, formatWorking } from "./clock";

export function ClockBadge({ clock, named = false }: { clock: CaseClock; named?: boolean }) {
  const look = clockLook(clock, now.value);
  const due = parseTime(clock.due);
  const words =
    look === "stopped"
      ? t("clock.stopped")
      : look === "met"
        ? t("clock.met")
        : look === "late"
          ? t("clock.late")
          : clock.left_s === null
            ? due === null
              ? ""
              : t("clock.due", { time: formatDateTime(due) })
            : t("clock.left", { span: formatWorking(clock.left_s, lang.value) });
  const title = due === null ? words : `${words} · ${t("clock.due", { time: formatDateTime(due) })}`;
  return (
    <span class={`clock clock--${look}`} title={title}>
      <Icon name={look === "stopped" ? "pause" : "clock"} />
      {named && `${pick(clock.title, clock.title_en)}: `}
      {words}
    </span>
  );
}
