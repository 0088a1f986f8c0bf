/** One labelled control of a form. */

import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useId } from "preact/hooks";
import { t } from "../state/preferences";

interface Labelled {
  label: string;
  hint?: string | undefined;
  required?: boolean | undefined;
  error?: string | undefined;
}

/** Ties label, hint and error to whatever control is drawn with the id. */
export function Field({
  label,
  hint,
  required,
  error,
  children,
}: Labelled & { children: (id: string, described: string | undefined) => ComponentChildren }) {
  const id = useId();
  const described = hint || error ? `${id}-note` : undefined;
  return (
    <div class={`field ${error ? "field--bad" : ""}`}>
      <label for={id}>
        {label}
        {required && <span class="field__must"> {t("form.required")}</span>}
      </label>
      {children(id, described)}
      {described && (
        <p class="field__hint" id={described}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

type InputProps = Labelled &
  Omit<InputHTMLAttributes, "label" | "onInput"> & {
    value: string;
    set: (value: string) => void;
    type?: string;
    autocomplete?: string;
    inputmode?: "numeric" | "text" | "email" | "tel" | "decimal";
    maxlength?: number;
    unit?: string | undefined;
    placeholder?: string;
  };

export function TextInput({ label, hint, required, error, value, set, unit, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} required={required} error={error}>
      {(id, described) => (
        <span class="field__line">
          <input
            {...(rest as InputHTMLAttributes)}
            id={id}
            class="input"
            value={value}
            required={required}
            aria-describedby={described}
            aria-invalid={error ? true : undefined}
            onInput={(event) => set(event.currentTarget.value)}
          />
          {unit && <span class="unit">{unit}</span>}
        </span>
      )}
    </Field>
  );
}

export function TextArea({
  label,
  hint,
  required,
  error,
  value,
  set,
  rows = 4,
  mono = false,
}: Labelled & { value: string; set: (value: string) => void; rows?: number; mono?: boolean }) {
  return (
    <Field label={label} hint={hint} required={required} error={error}>
      {(id, described) => (
        <textarea
          id={id}
          class={`input ${mono ? "input--mono" : ""}`}
          rows={rows}
          value={value}
          required={required}
          spellcheck={!mono}
          aria-describedby={described}
          aria-invalid={error ? true : undefined}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export interface Option {
  value: string;
  title: string;
}

export function Select({
  label,
  hint,
  required,
  error,
  value,
  set,
  options,
}: Labelled & { value: string; set: (value: string) => void; options: readonly Option[] }) {
  return (
    <Field label={label} hint={hint} required={required} error={error}>
      {(id, described) => (
        <select
          id={id}
          class="input"
          value={value}
          required={required}
          aria-describedby={described}
          aria-invalid={error ? true : undefined}
          onChange={(event) => set(event.currentTarget.value)}
        >
          {options.map((one) => (
            <option key={one.value} value={one.value}>
              {one.title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Check({
  label,
  value,
  set,
}: {
  label: string;
  value: boolean;
  set: (value: boolean) => void;
}) {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => set(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}
