/** What a rule says, as the tables it is printed in; a weaker mark stands beside the row it belongs to. */

import type { RuleDetail, Sheet, SheetCell } from "../../api/work";
import { pick, t } from "../../state/preferences";
import { ConfidenceTag } from "./words";

export function Sheets({ rule }: { rule: RuleDetail }) {
  const { text, text_en, sheets } = rule.content;
  return (
    <>
      {text && <p>{pick(text, text_en)}</p>}
      {sheets.map((sheet, index) => (
        <OneSheet key={index} sheet={sheet} whole={rule} />
      ))}
    </>
  );
}

function OneSheet({ sheet, whole }: { sheet: Sheet; whole: RuleDetail }) {
  const title = pick(sheet.title, sheet.title_en);
  return (
    <div class="sheetbox scroll" tabIndex={0} role="group" aria-label={title || t("law.content")}>
      <table class="tbl">
        {title && <caption>{title}</caption>}
        <thead>
          <tr>
            {sheet.columns.map((column) => (
              <th key={column.name} scope="col">
                {pick(column.title, column.title_en)}
                {column.unit && <span class="unit"> {column.unit}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sheet.rows.map((row, index) => (
            <tr key={index}>
              {sheet.columns.map((column) => (
                <td key={column.name}>
                  <Cell cell={row[column.name]} whole={whole} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ cell, whole }: { cell: SheetCell | undefined; whole: RuleDetail }) {
  if (!cell) return null;
  const { confidence, rgb } = cell;
  return (
    <>
      {rgb !== undefined && <i class="swatch" style={{ background: colour(rgb) }} aria-hidden="true" />}
      {pick(cell.text, cell.text_en)}
      {confidence && confidence !== whole.confidence && (
        <>
          {" "}
          <ConfidenceTag mark={confidence} />
        </>
      )}
    </>
  );
}

/** The printed colour: digits of a hex colour, or red, green and blue. */
function colour(rgb: string | number[]): string {
  if (Array.isArray(rgb)) return `rgb(${rgb.join(" ")})`;
  return /^[0-9a-f]{6}$/i.test(rgb)
    ? `#${rgb}`
    : rgb.startsWith("#")
      ? rgb
      : `rgb(${rgb.replaceAll(",", " ")})`;
}
