/** Head, pages and body of every page but the map. */

import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { config } from "../state/viewer";
import { lang, t } from "../state/preferences";
import { AccountLink, Brand, cityName, Marks, NavLinks, RoleMenu, Switches } from "./marks";
import { narrow } from "./narrow";
import { route } from "./router";

interface Props {
  title: string;
  /** Citizens' pages are roomy, desks are dense. */
  roomy?: boolean;
  /** Uses the whole width, for a list beside its detail. */
  wide?: boolean;
  children: ComponentChildren;
}

export function Frame({ title, roomy = false, wide = false, children }: Props) {
  const found = config.data.value;
  const city = found ? cityName(found) : "";
  const whole = city && city !== title ? `${title} · ${city}` : title;
  useEffect(() => {
    document.title = whole;
  }, [whole]);
  return (
    <div class={`frame ${roomy ? "frame--roomy" : ""} ${wide ? "frame--wide" : ""}`} lang={lang.value}>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {t("page.skip")}
      </a>
      {narrow.value ? <NarrowHead city={city} /> : <WideHead city={city} />}
      <main class="frame__body" id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function WideHead({ city }: { city: string }) {
  return (
    <header class="head">
      <Brand name={city} />
      <nav class="nav" aria-label={t("nav.pages")}>
        <NavLinks />
      </nav>
      <span class="sp" />
      <Marks />
      <RoleMenu />
      <Switches />
      <AccountLink />
    </header>
  );
}

function NarrowHead({ city }: { city: string }) {
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [route.value]);
  return (
    <header class="head head--narrow">
      <div class="head__row">
        <Brand name={city} />
        <button class="btn btn--bare" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t(open ? "app.close" : "nav.menu")}
        </button>
      </div>
      <p class="head__marks">
        <Marks />
      </p>
      {open && (
        <div class="head__menu">
          <nav aria-label={t("nav.pages")}>
            <NavLinks />
          </nav>
          <RoleMenu />
          <Switches />
          <AccountLink />
        </div>
      )}
    </header>
  );
}
