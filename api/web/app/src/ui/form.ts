/** What is typed into a form, and what it means. */

import type { FormField } from "../api/cases";
import type { Json } from "../api/types";
import { localParts, parseDateTime } from "../format/time";
import type { MessageKey } from "../i18n/messages";

export type Draft = Record<string, string>;

export interface Read {
  values: Record<string, Json>;
  errors: Record<string, MessageKey>;
}

/** The values of a draft, and what is wrong with it; an empty field is left out. */
export function readDraft(fields: readonly FormField[], draft: Draft): Read {
  const values: Record<string, Json> = {};
  const errors: Record<string, MessageKey> = {};
  for (const field of fields) {
    const typed = (draft[field.name] ?? "").trim();
    if (field.type === "boolean") {
      values[field.name] = typed === "true";
      continue;
    }
    if (typed === "") {
      if (field.required) errors[field.name] = "form.missing";
      continue;
    }
    const value = meaning(field, typed);
    if (typeof value === "object" && value !== null && "wrong" in value) errors[field.name] = value.wrong;
    else values[field.name] = value;
  }
  return { values, errors };
}

interface Wrong {
  wrong: MessageKey;
}

function meaning(field: FormField, typed: string): Exclude<Json, object> | Wrong | Json[] {
  if (field.type === "number") {
    const number = Number(typed.replace(/[\s\u202f]/g, "").replace(",", "."));
    return Number.isFinite(number) ? number : { wrong: "form.number" };
  }
  if (field.type === "date") {
    const ms = parseDateTime(typed);
    if (ms === null) return { wrong: "form.date" };
    const { year, month, day } = localParts(ms);
    return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  }
  if (field.type === "json") {
    try {
      return JSON.parse(typed) as Json[];
    } catch {
      return { wrong: "form.missing" };
    }
  }
  return typed;
}
