/** Name of the city, marks that must not be missed, search, who looks, and the clock. */

import { useState } from "preact/hooks";
import { formatClock, formatDate, localParts } from "../format/time";
import type { MessageKey } from "../i18n/messages";
import { now } from "../state/clock";
import { t } from "../state/preferences";
import { config } from "../state/viewer";
import { AccountLink, Brand, cityName, Marks, NavLinks, NavMenu, RoleMenu, Switches } from "./marks";
import { narrow } from "./narrow";
import { Search } from "./Search";

export function TopBar() {
  const [menu, setMenu] = useState(false);
  const found = config.data.value;
  if (!found) return null;
  const name = cityName(found);
  if (narrow.value) {
    return (
      <header class="top top--narrow">
        <div class="top__row">
          <div class="top__name">
            <Brand name={name} main />
            <p>
              <Marks />
            </p>
          </div>
          <button class="btn btn--bare" type="button" aria-expanded={menu} onClick={() => setMenu(!menu)}>
            {menu ? t("app.close") : t("app.menu")}
          </button>
        </div>
        {menu && (
          <div class="top__menu">
            <nav aria-label={t("nav.pages")}>
              <NavLinks />
            </nav>
            <RoleMenu />
            <Switches />
            <AccountLink />
            <Clock />
          </div>
        )}
        <Search />
      </header>
    );
  }
  return (
    <header class="top">
      <Brand name={name} main />
      <NavMenu />
      <Marks />
      <span class="sp" />
      <Search />
      <RoleMenu />
      <Switches />
      <Clock />
    </header>
  );
}

const WEEKDAYS: MessageKey[] = ["day.0", "day.1", "day.2", "day.3", "day.4", "day.5", "day.6"];

function Clock() {
  const time = now.value;
  const day = t(WEEKDAYS[localParts(time).weekday] ?? "day.0");
  return (
    <time class="wallclock" dateTime={new Date(time).toISOString()}>
      <span>
        {day} {formatDate(time)}
      </span>
      <b class="num">{formatClock(time)}</b>
    </time>
  );
}
