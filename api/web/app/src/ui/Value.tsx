/** Data of any shape, readable: records as names with values, lists of records as tables. */

import type { Json } from "../api/types";
import { formatNumber } from "../format/number";
import { formatDate, formatDateTime, parseTime } from "../format/time";
import { lang, t } from "../state/preferences";

type JsonObject = Record<string, Json>;

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function Value({ value }: { value: Json | undefined }) {
  if (value === null || value === undefined || value === "") return <span class="quiet">–</span>;
  if (Array.isArray(value)) return <List items={value} />;
  if (isObject(value)) return <Pairs value={value} />;
  return <>{scalarText(value)}</>;
}

const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** A number, a date, a word as people write them. */
export function scalarText(value: string | number | boolean): string {
  if (typeof value === "number") return formatNumber(value, lang.value, undefined);
  if (typeof value === "boolean") return t(value ? "item.yes" : "item.no");
  const ms = TIME.test(value) || DATE.test(value) ? parseTime(value) : null;
  if (ms === null) return value;
  return DATE.test(value) ? formatDate(ms) : formatDateTime(ms);
}

function Pairs({ value }: { value: JsonObject }) {
  return (
    <dl class="pairs">
      {Object.entries(value).map(([name, held]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Value value={held} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function List({ items }: { items: Json[] }) {
  const records = items.filter(isObject);
  if (items.length > 0 && records.length === items.length) return <Records rows={records} />;
  if (items.length > 0 && items.every(Array.isArray)) return <Grid rows={items as Json[][]} />;
  return (
    <ul class="plainlist">
      {items.map((item, index) => (
        <li key={index}>
          <Value value={item} />
        </li>
      ))}
    </ul>
  );
}

function Records({ rows }: { rows: JsonObject[] }) {
  const names = [...new Set(rows.flatMap(Object.keys))];
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={names.join(", ")}>
      <table class="tbl">
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name} scope="col" class={figures(rows, name) ? "n" : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {names.map((name) => (
                <td key={name} class={figures(rows, name) ? "n" : undefined}>
                  <Value value={row[name]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Grid({ rows }: { rows: Json[][] }) {
  return (
    <div class="scroll" tabIndex={0} role="group">
      <table class="tbl">
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, at) => (
                <td key={at} class={typeof cell === "number" ? "n" : undefined}>
                  <Value value={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function figures(rows: JsonObject[], name: string): boolean {
  const held = rows.map((row) => row[name]).filter((one) => one !== null && one !== undefined);
  return held.length > 0 && held.every((one) => typeof one === "number");
}
