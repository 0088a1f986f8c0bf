/** The head's small parts, which the map and every other page share. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Config, Role } from "../api/types";
import { session as sessions } from "../api/people";
import type { MessageKey } from "../i18n/messages";
import { lang, pick, t, theme } from "../state/preferences";
import { become, config, isOpen, may, role, session, signedIn, viewAs } from "../state/viewer";
import { Link } from "../ui/Link";
import { Mark } from "../ui/Icon";
import { herePath, route, type Page } from "./router";

export function cityName(found: Config): string {
  const whole = pick(found.title, found.title_en);
  // The mark beside it says so already.
  return found.synthetic ? whole.replace(` (${t("mark.synthetic")})`, "") : whole;
}

export function Brand({ name, main = false }: { name: string; main?: boolean }) {
  const Tag = main ? "h1" : "p";
  return (
    <Tag class="brand">
      <Mark />
      <span>{name}</span>
    </Tag>
  );
}

export function Marks() {
  const found = config.data.value;
  return (
    <>
      {found?.synthetic && <span class="synthetic">{t("mark.synthetic")}</span>}
      {isOpen.value && (
        <span class="synthetic synthetic--open" title={t("mark.open_hint")}>
          {t("mark.open")}
        </span>
      )}
    </>
  );
}

/** In an open twin anybody acts in any role; in a closed one a person chooses among theirs. */
export function RoleMenu() {
  const found = config.data.value;
  const known = session.data.value;
  const roles = isOpen.value ? (found?.roles ?? []) : (known?.roles ?? []);
  if (roles.length < 2) return null;
  const choose = (chosen: Role): void => {
    if (isOpen.value) viewAs(chosen);
    else void sessions.role(chosen).then(become, () => session.reload());
  };
  return (
    <label class="role">
      <span>{t(isOpen.value ? "role.as" : "role.acting")}</span>
      <select
        value={role.value ?? known?.viewer.role ?? found?.viewer.role ?? ""}
        onChange={(event) => choose(event.currentTarget.value as Role)}
      >
        {roles.map((one) => (
          <option value={one} key={one}>
            {t(`role.${one}` as MessageKey)}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Switches({ printing = true }: { printing?: boolean }) {
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
      {printing && (
        <button class="btn btn--bare btn--small" type="button" onClick={() => print()}>
          {t("app.print")}
        </button>
      )}
    </span>
  );
}

/** Who is signed in, or the way there. */
export function AccountLink() {
  const known = session.data.value;
  if (!known) return null;
  if (signedIn.value) {
    return (
      <Link class="btn btn--bare btn--small account" to="account">
        {known.viewer.name}
      </Link>
    );
  }
  if (isOpen.value) return null;
  const next = route.value.page === "sign-in" ? "" : `?next=${encodeURIComponent(herePath())}`;
  return (
    <Link class="btn btn--bare btn--small" to={`sign-in${next}`}>
      {t("sign.in")}
    </Link>
  );
}

interface Place {
  page: Page;
  path: string;
  title: MessageKey;
}

/** The pages this viewer has a use for. */
export function places(): Place[] {
  const all: (Place | false)[] = [
    { page: "map", path: "", title: "nav.map" },
    { page: "report", path: "report", title: "nav.report" },
    may("cases") && { page: "cases", path: "cases", title: "nav.cases" },
    (may("work") || may("write") || may("simulate")) && { page: "jobs", path: "jobs", title: "nav.jobs" },
    { page: "law", path: "law", title: "nav.law" },
    { page: "verify", path: "verify", title: "nav.verify" },
    (may("administer") || may("audit")) && { page: "admin", path: "admin", title: "nav.admin" },
  ];
  return all.filter((one) => one !== false);
}

export function NavLinks() {
  const here = route.value.page;
  return (
    <ul class="nav__links">
      {places().map((one) => (
        <li key={one.page}>
          <Link to={one.path} aria-current={one.page === here ? "page" : undefined}>
            {t(one.title)}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** The other pages behind one button, where the head has no room for their names. */
export function NavMenu() {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLElement>(null);
  useEffect(() => setOpen(false), [route.value]);
  return (
    <nav
      class="navmenu"
      aria-label={t("nav.pages")}
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.preventDefault();
        setOpen(false);
        box.current?.querySelector("button")?.focus();
      }}
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOpen(false);
      }}
    >
      <button class="btn btn--small" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("nav.pages")}
      </button>
      {open && (
        <div class="navmenu__list float">
          <NavLinks />
          <AccountLink />
        </div>
      )}
    </nav>
  );
}
