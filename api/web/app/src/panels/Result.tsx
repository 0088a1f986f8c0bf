/** A datastream's newest result with its unit, and its quality where that is not plain good. */

import type { Datastream, Json } from "../api/types";
import { formatNumber } from "../format/number";
import type { MessageKey } from "../i18n/messages";
import { layerByName } from "../state/city";
import { lang, pick, t } from "../state/preferences";

const REMARKABLE = new Set(["suspect", "rejected", "estimated", "missing"]);

export function Result({ stream }: { stream: Datastream }) {
  const { result, unit, quality, reason } = stream;
  if (result === null) return <span class="result quiet">–</span>;
  return (
    <span class="result">
      <b class="num">{classLabel(stream) ?? resultText(result, stream.decimals)}</b>
      {typeof result === "number" && unit && <span class="unit"> {unit}</span>}
      {quality !== null && REMARKABLE.has(quality) && (
        <em class="quality" title={reason}>
          {t(`ds.${quality}` as MessageKey)}
        </em>
      )}
    </span>
  );
}

/** The legend's word for a result that is a code, where its layer has one. */
function classLabel({ layer, key, result }: Datastream): string | null {
  const live = layerByName.value.get(layer)?.style.live;
  if (typeof result === "number" || live?.key !== key) return null;
  const found = live.classes?.find((one) => one.value === result && one.label);
  return found ? pick(found.label ?? "", found.label_en).replace(/ \(.*\)$/, "") : null;
}

export function resultText(result: Json, decimals?: number | null): string {
  if (typeof result === "number") return formatNumber(result, lang.value, decimals ?? undefined);
  if (typeof result === "boolean") return t(result ? "item.yes" : "item.no");
  if (typeof result === "string") return result;
  return result === null ? "–" : JSON.stringify(result);
}
