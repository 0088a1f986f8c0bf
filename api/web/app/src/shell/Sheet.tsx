/** On a phone, the panels are one sheet that rises from the bottom. */

import { useEffect, useState } from "preact/hooks";
import { LayerList } from "../panels/LayerPanel";
import { Here } from "../panels/Here";
import { Overview } from "../panels/Overview";
import { selection } from "../state/city";
import { t } from "../state/preferences";
import { Icon } from "../ui/Icon";
import type { MessageKey } from "../i18n/messages";

type Tab = "layers" | "here" | "overview";
const TABS: Tab[] = ["layers", "here", "overview"];
const HEIGHTS = ["low", "half", "full"] as const;

export function Sheet() {
  const [tab, setTab] = useState<Tab>("overview");
  const [height, setHeight] = useState(0);
  const chosen = selection.value;
  useEffect(() => {
    if (!chosen) return;
    setTab("here");
    setHeight((now) => Math.max(1, now));
  }, [chosen]);
  return (
    <aside class={`sheet sheet--${HEIGHTS[height] ?? "low"}`}>
      <div class="sheet__head">
        <div class="sheet__tabs" role="tablist">
          {TABS.map((one) => (
            <button
              key={one}
              type="button"
              role="tab"
              aria-selected={one === tab && height > 0}
              aria-controls="sheet-body"
              onClick={() => {
                setHeight(one === tab && height > 0 ? 0 : Math.max(1, height));
                setTab(one);
              }}
            >
              {t(`sheet.${one}` as MessageKey)}
            </button>
          ))}
        </div>
        <button
          class="tool"
          type="button"
          aria-label={t(height === 2 ? "sheet.smaller" : "sheet.larger")}
          onClick={() => setHeight(height === 2 ? 0 : height + 1)}
        >
          <Icon name={height === 2 ? "down" : "up"} />
        </button>
      </div>
      {height > 0 && (
        <div class="sheet__body" id="sheet-body" role="tabpanel">
          {tab === "layers" ? <LayerList /> : tab === "here" ? <Here /> : <Overview />}
        </div>
      )}
    </aside>
  );
}
