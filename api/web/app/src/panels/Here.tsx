/** Everything at the chosen place at the time looked at; overlapping features as a list. */

import type { Item, RasterValue } from "../api/types";
import { formatDistance, formatLonLat, formatNumber } from "../format/number";
import { formatDateTime, parseTime } from "../format/time";
import { clearSelection, here, opened, selection } from "../state/city";
import { knownThen, now } from "../state/clock";
import { lang, pick, t } from "../state/preferences";
import { Icon } from "../ui/Icon";
import { Empty, Failed, Loading } from "../ui/States";
import { ItemDetail } from "./ItemDetail";
import { Planning } from "./Planning";

export function Here() {
  const place = selection.value;
  if (!place) {
    return (
      <Empty title={t("here.title")}>
        <p>{t("here.hint")}</p>
      </Empty>
    );
  }
  const found = here.data.value;
  const problem = here.problem.value;
  return (
    <>
      <div class="panel__head">
        <h2>{t("here.title")}</h2>
        <span class="quiet num">{formatLonLat(place.lon, place.lat, lang.value)}</span>
        <button class="tool end" type="button" aria-label={t("app.close")} onClick={clearSelection}>
          <Icon name="close" />
        </button>
      </div>
      <div class="panel__body" aria-live="polite">
        {found === null ? (
          problem ? (
            <Failed problem={problem} retry={here.reload} />
          ) : (
            <Loading rows={5} />
          )
        ) : (
          <Found at={found.at} items={found.items} rasters={found.rasters} more={found.more ?? false} />
        )}
      </div>
    </>
  );
}

interface Found {
  /** The moment the answer is of, which a moving cursor may have left already. */
  at: string | null;
  items: Item[];
  rasters: RasterValue[];
  more: boolean;
}

const isLand = (layer: string): boolean => layer === "parcels" || layer === "plan_zones";

function Found({ at, items, rasters, more }: Found) {
  const hasParcel = items.some((item) => isLand(item.layer));
  // Who pointed at a station or a camera asks about it first.
  const pointed = selection.value?.prefer !== undefined && !isLand(selection.value.prefer.layer);
  return (
    <>
      {hasParcel && !pointed && <Planning />}
      {items.length === 0 ? (
        <Empty title={t("here.empty")}>
          <p>{t("here.empty_hint")}</p>
          {knownThen.value && <p>{t("here.empty_then")}</p>}
        </Empty>
      ) : (
        <section class="found">
          <p class="cap found__count">
            {t("here.count", { n: items.length })}
            <span class="end num">{formatDateTime(parseTime(at) ?? now.value)}</span>
          </p>
          <ul>
            {pointedFirst(items).map((item) => (
              <Row item={item} key={`${item.layer}/${item.fid}`} />
            ))}
          </ul>
          {more && <p class="quiet found__more">{t("here.more")}</p>}
        </section>
      )}
      {hasParcel && pointed && <Planning />}
      {rasters.length > 0 && <Grids rasters={rasters} />}
    </>
  );
}

/** What was pointed at heads the list; the rest stays nearest and smallest first. */
function pointedFirst(items: Item[]): Item[] {
  const wanted = selection.value?.prefer;
  const isWanted = (item: Item): boolean => item.layer === wanted?.layer && item.fid === wanted.fid;
  return [...items.filter(isWanted), ...items.filter((item) => !isWanted(item))];
}

function Row({ item }: { item: Item }) {
  const current = opened.value;
  const open = current?.layer === item.layer && current.fid === item.fid;
  return (
    <li class={open ? "found__item found__item--open" : "found__item"}>
      <button
        class="found__row"
        type="button"
        aria-expanded={open}
        onClick={() => (opened.value = open ? null : { layer: item.layer, fid: item.fid })}
      >
        <span class="found__title">{item.title}</span>
        <span class="quiet found__dist num">
          {item.distance_m > 0 ? formatDistance(item.distance_m, lang.value) : ""}
        </span>
        <span class="found__layer">
          {pick(item.layer_title, item.layer_title_en)}
          {open && item.synthetic && <span class="synthetic">{t("mark.synthetic")}</span>}
        </span>
        <Icon name={open ? "up" : "down"} />
      </button>
      {open && <ItemDetail item={item} />}
    </li>
  );
}

function Grids({ rasters }: { rasters: RasterValue[] }) {
  return (
    <section class="sect">
      <h3 class="sect__title">{t("here.grids")}</h3>
      <table class="tbl">
        <tbody>
          {rasters.map((grid) => (
            <tr key={grid.layer}>
              <td>
                {pick(grid.title, grid.title_en)}
                {grid.time && <small class="quiet num"> {formatDateTime(parseTime(grid.time) ?? 0)}</small>}
              </td>
              <td class="n">
                {grid.value === null ? (
                  <span class="quiet">{t("here.no_value")}</span>
                ) : (
                  <>
                    <b>{formatNumber(grid.value, lang.value, 2)}</b> <span class="unit">{grid.unit}</span>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
