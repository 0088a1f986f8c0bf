/** Rows of one kind: a table on a desk, a list of labelled lines on a phone. */

import type { ComponentChildren } from "preact";

export interface Column<T> {
  key: string;
  title: string;
  /** Figures stand right, in tabular digits. */
  figures?: boolean;
  /** May break anywhere: identifiers, hashes. */
  breaks?: boolean;
  show: (row: T) => ComponentChildren;
}

interface Props<T> {
  /** For those who cannot see what stands around it. */
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  chosen?: string | null;
}

export function Table<T>({ caption, columns, rows, keyOf, chosen }: Props<T>) {
  return (
    <table class="tbl tbl--stack">
      <caption class="vh">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.key} scope="col" class={column.figures ? "n" : undefined}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)} aria-selected={chosen === undefined ? undefined : chosen === keyOf(row)}>
            {columns.map((column) => (
              <td
                key={column.key}
                data-title={column.title}
                class={
                  [column.figures && "n", column.breaks && "breaks"].filter(Boolean).join(" ") || undefined
                }
              >
                {column.show(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Names with their values, one pair a line; pairs without a value are left out. */
export function Facts({ pairs }: { pairs: readonly (readonly [string, ComponentChildren])[] }) {
  const shown = pairs.filter(
    ([, value]) => value !== null && value !== undefined && value !== "" && value !== false,
  );
  return (
    <dl class="facts facts--page">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
