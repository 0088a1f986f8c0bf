/** Which page is open: paths below the place where the application is served. */

import { computed, signal } from "@preact/signals";
import { BASE } from "../api/http";

export const PAGES = [
  "sign-in",
  "account",
  "reset",
  "report",
  "cases",
  "jobs",
  "law",
  "verify",
  "admin",
] as const;
export type Page = (typeof PAGES)[number] | "map" | "unknown";

export interface Route {
  page: Page;
  /** What follows the page's name in the path. */
  rest: string[];
  search: URLSearchParams;
}

/** The route of an address; `base` is where the application is served. */
export function routeOf(href: string, base: string): Route {
  const url = new URL(href);
  const below = url.pathname.slice(new URL(base).pathname.length);
  const [first = "", ...rest] = below.split("/").filter(Boolean).map(decodeURIComponent);
  const known = PAGES.find((page) => page === first);
  const page = known ?? (first === "" || first === "index.html" ? "map" : "unknown");
  return { page, rest, search: url.searchParams };
}

const href = signal(location.href);

export const route = computed(() => routeOf(href.value, BASE));

/** The full address of a path such as "cases/7?order=due". */
export function linkTo(path: string): string {
  return BASE + path;
}

/** Opens a path within the application; `replace` leaves no step to go back to. */
export function go(path: string, replace = false): void {
  const target = linkTo(path);
  if (target === location.href) return;
  if (replace) history.replaceState(null, "", target);
  else history.pushState(null, "", target);
  const before = route.peek().page;
  href.value = target;
  if (before !== route.peek().page) scrollTo(0, 0);
}

addEventListener("popstate", () => (href.value = location.href));

/** Where to go after signing in: only ever a path of this application. */
export function returnPath(search: URLSearchParams): string {
  const wanted = search.get("next") ?? "";
  const target = new URL(wanted, BASE);
  return target.href.startsWith(BASE) ? target.href.slice(BASE.length) : "";
}

/** The path that is open now, to come back to. */
export function herePath(): string {
  return location.href.startsWith(BASE) ? location.href.slice(BASE.length) : "";
}
