/** Along the bottom: each source a cell with how many of it speak and how old the newest word is. */

import { lang, pick, t } from "../state/preferences";
import { watched, type WatchedSource } from "../state/sources";
import { Age } from "../ui/Age";
import { formatNumber } from "../format/number";
import { clearSelection } from "../state/city";
import { focusLayer } from "../panels/focus";

export function FreshnessStrip() {
  const sources = watched.value;
  return (
    <footer class="fresh" aria-label={t("fresh.strip")}>
      {sources.length === 0 ? (
        <p class="fresh__none quiet">{t("fresh.empty")}</p>
      ) : (
        sources.map((source) => <Cell source={source} key={source.layer.name} />)
      )}
    </footer>
  );
}

function Cell({ source }: { source: WatchedSource }) {
  const { layer, devices, fresh, newest, freshness } = source;
  const count = (n: number): string => formatNumber(n, lang.value, 0);
  return (
    <button
      class="fresh__cell"
      type="button"
      onClick={() => {
        clearSelection();
        focusLayer.value = layer.name;
      }}
    >
      <span class="fresh__name">{pick(layer.title, layer.title_en)}</span>
      <b class="num">
        {devices.length > 0
          ? t("fresh.of", { n: count(fresh), all: count(devices.length) })
          : count(layer.count)}
      </b>
      <Age time={newest} freshness={freshness} />
    </button>
  );
}
