/** The one catalogue of what the pages say, and how a message is filled. */

import { admin } from "./admin";
import { en as mapEnglish } from "./en";
import { frame } from "./frame";
import { englishOf, vietnameseOf } from "./pairs";
import { publicPages } from "./public";
import { vi as mapVietnamese } from "./vi";
import { work } from "./work";

const pairs = { ...frame, ...publicPages, ...work, ...admin };
const vi = { ...mapVietnamese, ...vietnameseOf(pairs) };
const en: Record<keyof typeof vi, string> = { ...mapEnglish, ...englishOf(pairs) };

export type Lang = "vi" | "en";
export type MessageKey = keyof typeof vi;
export type Values = Record<string, string | number>;

export const catalogues: Record<Lang, Record<MessageKey, string>> = { vi, en };

/** A message with its `{names}` replaced. */
export function message(lang: Lang, key: MessageKey, values: Values = {}): string {
  return catalogues[lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
