/** Name of the city, marks that must not be missed, search, who looks, and the clock. */

import { useState } from "preact/hooks";
import type { Role } from "../api/types";
import { formatClock, formatDate, localParts } from "../format/time";
import type { MessageKey } from "../i18n/messages";
import { config, role, viewAs } from "../state/city";
import { now } from "../state/clock";
import { lang, pick, t, theme } from "../state/preferences";
import { Mark } from "../ui/Icon";
import { narrow } from "./App";
import { Search } from "./Search";

export function TopBar() {
  const [menu, setMenu] = useState(false);
  const found = config.data.value;
  if (!found) return null;
  const whole = pick(found.title, found.title_en);
  // The mark beside it says so already.
  const name = found.synthetic ? whole.replace(` (${t("mark.synthetic")})`, "") : whole;
  if (narrow.value) {
    return (
      <header class="top top--narrow">
        <div class="top__row">
          <div class="top__name">
            <Brand name={name} />
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
            <RoleMenu />
            <Switches />
            <Clock />
          </div>
        )}
        <Search />
      </header>
    );
  }
  return (
    <header class="top">
      <Brand name={name} />
      <Marks />
      <span class="sp" />
      <Search />
      <RoleMenu />
      <Switches />
      <Clock />
    </header>
  );
}

function Brand({ name }: { name: string }) {
  return (
    <h1 class="brand">
      <Mark />
      <span>{name}</span>
    </h1>
  );
}

function Marks() {
  const found = config.data.value;
  return (
    <>
      {found?.synthetic && <span class="synthetic">{t("mark.synthetic")}</span>}
      {found?.access === "open" && (
        <span class="synthetic synthetic--open" title={t("mark.open_hint")}>
          {t("mark.open")}
        </span>
      )}
    </>
  );
}

function RoleMenu() {
  const found = config.data.value;
  if (found?.access !== "open" || found.roles.length === 0) return null;
  return (
    <label class="role">
      <span>{t("role.as")}</span>
      <select
        value={role.value ?? found.viewer.role}
        onChange={(event) => viewAs(event.currentTarget.value as Role)}
      >
        {found.roles.map((one) => (
          <option value={one} key={one}>
            {t(`role.${one}` as MessageKey)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Switches() {
  const night = theme.value === "night";
  return (
    <span class="switches">
      <button
        class="btn btn--bare btn--small"
        type="button"
        onClick={() => (theme.value = night ? "day" : "night")}
      >
        {t(night ? "theme.to_day" : "theme.to_night")}
      </button>
      <button
        class="btn btn--bare btn--small"
        type="button"
        title={t("lang.other_title")}
        onClick={() => (lang.value = lang.value === "vi" ? "en" : "vi")}
      >
        <span aria-hidden="true">{t("lang.other")}</span>
        <span class="vh">{t("lang.other_title")}</span>
      </button>
      <button class="btn btn--bare btn--small" type="button" onClick={() => print()}>
        {t("app.print")}
      </button>
    </span>
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
