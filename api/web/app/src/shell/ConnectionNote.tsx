/** Says when news no longer come in, and since when. */

import { formatClock } from "../format/time";
import { connection, lostAt } from "../state/live";
import { t } from "../state/preferences";
import { Icon } from "../ui/Icon";

export function ConnectionNote() {
  const since = lostAt.value;
  if (since === null || connection.value === "live" || connection.value === "waiting") return null;
  const offline = connection.value === "offline";
  const time = formatClock(since);
  return (
    <div class="bar-note" role="status">
      <Icon name="cut" />
      <p>
        <strong>{t(offline ? "net.offline" : "net.reconnecting", { time })}</strong> {t("net.offline_hint")}
      </p>
    </div>
  );
}
