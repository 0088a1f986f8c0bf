/** The one catalogue of what the pages say, and how a message is filled. */

import { en } from "./en";
import { vi } from "./vi";

export type Lang = "vi" | "en";
export type MessageKey = keyof typeof vi;
export type Values = Record<string, string | number>;

export const catalogues: Record<Lang, Record<MessageKey, string>> = { vi, en };

/** A message with its `{names}` replaced. */
export function message(lang: Lang, key: MessageKey, values: Values = {}): string {
  return catalogues[lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
