/** Says in words that what is seen is not now. */

import { useEffect } from "preact/hooks";
import { formatDateTime, formatSpan } from "../format/time";
import { backToNow, cursor, knownThen, now } from "../state/clock";
import { lang, t } from "../state/preferences";
import { Icon } from "../ui/Icon";

export function PastBanner() {
  const at = cursor.value;
  useEffect(() => {
    const leave = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement;
      if (event.key === "Escape" && !event.defaultPrevented && !typing && cursor.value !== null) backToNow();
    };
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, []);
  if (at === null) return null;
  const span = formatSpan(Math.abs(now.value - at), lang.value);
  return (
    <div class="pastbar" role="status">
      <Icon name="clock" />
      <p>
        <strong>{t("past.title", { time: formatDateTime(at) })}</strong>{" "}
        <span class="pastbar__more">
          {t(at < now.value ? "past.back" : "past.ahead", { span })} {knownThen.value && t("past.then")}
        </span>
      </p>
      <button class="btn" type="button" onClick={backToNow}>
        {t("time.back")} <kbd>Esc</kbd>
      </button>
    </div>
  );
}
