/** A form drawn from its list of fields, as cases declare them. */

import type { FormField } from "../api/cases";
import type { Json } from "../api/types";
import { pick, t } from "../state/preferences";
import { Check, Select, TextArea, TextInput } from "./Field";
import type { Draft } from "./form";

interface Props {
  fields: readonly FormField[];
  draft: Draft;
  set: (draft: Draft) => void;
  errors: Record<string, string>;
}

export function FormFields({ fields, draft, set, errors }: Props) {
  return (
    <>
      {fields.map((field) => (
        <One
          key={field.name}
          field={field}
          value={draft[field.name] ?? ""}
          set={(value) => set({ ...draft, [field.name]: value })}
          error={errors[field.name]}
        />
      ))}
    </>
  );
}

interface OneProps {
  field: FormField;
  value: string;
  set: (value: string) => void;
  error: string | undefined;
}

function One({ field, value, set, error }: OneProps) {
  const label = pick(field.title || field.name, field.title_en);
  const common = { label, value, set, required: field.required, error };
  switch (field.type) {
    case "longtext":
      return <TextArea {...common} />;
    case "json":
      return <TextArea {...common} mono rows={8} />;
    case "choice":
      return (
        <Select
          {...common}
          options={[
            { value: "", title: t("form.choose") },
            ...(field.choices ?? []).map((one) => ({
              value: one.value,
              title: pick(one.title, one.title_en),
            })),
          ]}
        />
      );
    case "boolean":
      return <Check label={label} value={value === "true"} set={(on) => set(String(on))} />;
    case "number":
      return <TextInput {...common} inputmode="decimal" unit={field.unit} />;
    case "date":
      return <TextInput {...common} hint={t("form.date_hint")} />;
    default:
      return <TextInput {...common} />;
  }
}

/** What a form's fields hold, named as people read it. */
export function fieldTitle(fields: readonly FormField[], name: string): string {
  const field = fields.find((one) => one.name === name);
  return field ? pick(field.title || name, field.title_en) : name;
}

/** A value, with the words of its choice where it is one. */
export function choiceTitle(fields: readonly FormField[], name: string, value: Json): Json {
  const found = fields.find((one) => one.name === name)?.choices?.find((one) => one.value === value);
  return found ? pick(found.title, found.title_en) : value;
}
