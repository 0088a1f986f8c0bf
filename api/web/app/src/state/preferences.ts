/** What a person chose to keep: language, theme, layers. Kept in this browser only. */

import { effect, signal } from "@preact/signals";
import { message, type Lang, type MessageKey, type Values } from "../i18n/messages";

export type Theme = "day" | "night";

const PREFIX = "twin.";

export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null; // Storage is switched off: choices last as long as the page.
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // As above.
  }
}

const asked = new URLSearchParams(location.search);

function firstTheme(): Theme {
  const wanted = asked.get("theme") ?? remembered("theme");
  if (wanted === "day" || wanted === "night") return wanted;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "day";
}

export const lang = signal<Lang>((asked.get("lang") ?? remembered("lang")) === "en" ? "en" : "vi");
export const theme = signal<Theme>(firstTheme());
export const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The message in the chosen language. */
export function t(key: MessageKey, values?: Values): string {
  return message(lang.value, key, values);
}

/** Vietnamese or English of a pair; English where there is one and it is asked for. */
export function pick(vi: string, en: string | undefined): string {
  return lang.value === "en" && en ? en : vi;
}

effect(() => {
  document.documentElement.lang = lang.value;
  remember("lang", lang.value);
});

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  remember("theme", theme.value);
});
