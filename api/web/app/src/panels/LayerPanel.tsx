/** Every layer by group: shown or not, legend, count, age. */

import { useState } from "preact/hooks";
import type { LayerInfo } from "../api/types";
import { formatNumber } from "../format/number";
import { DAY, formatDateTime, parseTime } from "../format/time";
import type { MessageKey } from "../i18n/messages";
import { catalogues } from "../i18n/messages";
import { camera } from "../state/address";
import { isShown, layerList, layers, show, shownLayers } from "../state/city";
import { lookAt, playing, spanLength } from "../state/clock";
import { lang, pick, t } from "../state/preferences";
import { flyTo } from "../map/flight";
import { SPANS } from "../time/ruler";
import { Age, freshnessAt, viewedMoment } from "../ui/Age";
import { Icon } from "../ui/Icon";
import { Empty, Failed, Loading } from "../ui/States";
import { Sample } from "../ui/Symbol";
import { floatingGrid } from "../state/sources";
import { narrow } from "../shell/narrow";
import { legendText } from "./legend";

const GROUP_ORDER = [
  "sensors",
  "events",
  "simulation",
  "infrastructure",
  "cameras",
  "planning",
  "buildings",
  "social",
  "imported",
  "base",
  "overview",
  "national",
];

export function LayerPanel() {
  return (
    <aside class="panel layers" aria-label={t("layers.title")}>
      <div class="panel__head">
        <h2>{t("layers.title")}</h2>
        <span class="quiet end">{t("layers.shown", { n: shownLayers.value.length })}</span>
      </div>
      <div class="panel__body">
        <LayerList />
      </div>
    </aside>
  );
}

export function LayerList() {
  const problem = layers.problem.value;
  if (layers.data.value === null)
    return problem ? <Failed problem={problem} retry={layers.reload} /> : <Loading rows={8} />;
  if (layerList.value.length === 0) {
    return (
      <Empty title={t("layers.empty")}>
        <p>{t("layers.empty_hint")}</p>
      </Empty>
    );
  }
  const groups = new Map<string, LayerInfo[]>();
  for (const layer of layerList.value) groups.set(layer.group, [...(groups.get(layer.group) ?? []), layer]);
  const rank = (name: string): number =>
    GROUP_ORDER.includes(name) ? GROUP_ORDER.indexOf(name) : GROUP_ORDER.length;
  const ordered = [...groups].sort(([a], [b]) => rank(a) - rank(b));
  return (
    <>
      {ordered.map(([name, held]) => (
        <section class="lgroup" key={name}>
          <h3>{groupTitle(name)}</h3>
          <ul>
            {held
              .toSorted((a, b) => a.order - b.order)
              .map((layer) => (
                <Row layer={layer} key={layer.name} />
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** A group we have no words for is called by its own name. */
function groupTitle(name: string): string {
  const key = `group.${name}`;
  return key in catalogues.vi ? t(key as MessageKey) : name;
}

function Row({ layer }: { layer: LayerInfo }) {
  const [about, setAbout] = useState(false);
  const shown = isShown(layer);
  const title = pick(layer.title, layer.title_en);
  const tooFar =
    shown && camera.value !== null && camera.value.zoom < Math.max(layer.min_zoom, layer.style.minzoom ?? 0);
  const single = layer.legend.length === 1 ? layer.legend[0] : undefined;
  return (
    <li class={`layer ${shown ? "" : "layer--off"}`}>
      <div class="layer__row">
        <label>
          <input
            type="checkbox"
            checked={shown}
            aria-label={t("layers.show", { name: title })}
            onChange={(event) => show(layer.name, event.currentTarget.checked)}
          />
          {single && <Sample symbol={single.symbol} />}
          <span class="layer__name">{title}</span>
        </label>
        <button
          class="layer__count num"
          type="button"
          aria-expanded={about}
          aria-label={t("layers.about")}
          onClick={() => setAbout(!about)}
        >
          {formatNumber(Math.max(layer.count, layer.times?.length ?? 0), lang.value, 0)}
          <Icon name={about ? "up" : "down"} />
        </button>
      </div>
      {tooFar && <p class="layer__note quiet">{t("layers.zoom_in")}</p>}
      {shown && !single && layer.legend.length > 0 && !floats(layer) && <Legend layer={layer} />}
      {shown && (layer.times?.length ?? 0) > 1 && <PlayIt layer={layer} />}
      {about && <About layer={layer} />}
    </li>
  );
}

/** Where classes are told apart, the sample of the layer as a whole says nothing more. */
function entriesOf(layer: LayerInfo): LayerInfo["legend"] {
  const classes = layer.legend.filter((entry) => entry.label !== layer.title);
  return classes.length > 0 ? classes : layer.legend;
}

export function Legend({ layer }: { layer: LayerInfo }) {
  return (
    <ul class="legendlist">
      {entriesOf(layer).map((entry) => {
        const { words, range } = legendText(pick(entry.label, entry.label_en));
        return (
          <li key={entry.label}>
            <Sample symbol={entry.symbol} />
            <span>{words}</span>
            {range && <span class="end num">{range}</span>}
          </li>
        );
      })}
    </ul>
  );
}

/** On a desk, the legend of a grid stands on the map. */
function floats(layer: LayerInfo): boolean {
  return layer.kind === "raster" && !narrow.value && layer.name === floatingGrid.value?.name;
}

function PlayIt({ layer }: { layer: LayerInfo }) {
  const times = (layer.times ?? []).map((time) => parseTime(time) ?? 0);
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return null;
  const start = (): void => {
    const wanted = (last - first) * 1.6;
    spanLength.value = SPANS.find((span) => span >= wanted) ?? 30 * DAY;
    lookAt(first);
    playing.value = true;
    if (layer.extent) flyTo({ bbox: layer.extent, lon: null, lat: null });
  };
  return (
    <p class="layer__play">
      <button class="btn btn--small" type="button" onClick={start}>
        <Icon name="play" /> {t("layers.play")}
      </button>
      <span class="num quiet">{formatDateTime(first)}</span>
    </p>
  );
}

function About({ layer }: { layer: LayerInfo }) {
  const newest = parseTime(layer.newest);
  return (
    <div class="layer__about">
      {layer.synthetic && (
        <p>
          <span class="synthetic">{t("mark.synthetic")}</span>
        </p>
      )}
      {layer.description && <p>{layer.description}</p>}
      <p>
        {layer.kind === "raster"
          ? t("layers.grids", { n: layer.times?.length ?? 0 })
          : t("layers.count", { n: formatNumber(layer.count, lang.value, 0) })}
        {newest !== null && <> · {t("layers.newest", { time: formatDateTime(newest) })}</>}{" "}
        {layer.max_age_s !== null && (
          <Age time={newest} freshness={freshnessAt(newest, layer.max_age_s, viewedMoment())} />
        )}
      </p>
      {layer.attribution && <p>{t("layers.source", { name: layer.attribution })}</p>}
      {layer.licence && <p>{t("layers.licence", { name: layer.licence })}</p>}
      {layer.extent && (
        <button
          class="link"
          type="button"
          aria-label={t("layers.zoom", { name: pick(layer.title, layer.title_en) })}
          onClick={() => flyTo({ bbox: layer.extent, lon: null, lat: null })}
        >
          {t("layers.go")}
        </button>
      )}
    </div>
  );
}
