/** The first workspace: the map with everything around it that one time governs. */

import { useEffect } from "preact/hooks";
import type { Config } from "../api/types";
import "../styles/shell.css";
import "../styles/panels.css";
import "../styles/timebar.css";
import { LayerPanel } from "../panels/LayerPanel";
import { SidePanel } from "../panels/SidePanel";
import { MapPane } from "../map/MapPane";
import { keepAddress, readAddress } from "../state/address";
import { selection } from "../state/city";
import { startLive } from "../state/live";
import { lang, pick, t } from "../state/preferences";
import { ConnectionNote } from "./ConnectionNote";
import { FreshnessStrip } from "./FreshnessStrip";
import { narrow } from "./narrow";
import { PastBanner } from "./PastBanner";
import { Sheet } from "./Sheet";
import { TimeBar } from "./TimeBar";
import { TopBar } from "./TopBar";

readAddress(location.hash);

export function MapWorkspace({ config }: { config: Config }) {
  const title = pick(config.title, config.title_en);
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    const stops = [startLive(), keepAddress()];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  return (
    <div class={`shell ${narrow.value ? "shell--narrow" : ""}`} lang={lang.value}>
      <a
        class="skip"
        href="#map"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("#map canvas")?.focus();
        }}
      >
        {t("app.skip")}
      </a>
      <TopBar />
      <div class="notes">
        <PastBanner />
        <ConnectionNote />
      </div>
      {!narrow.value && <LayerPanel />}
      <main class="stage" id="map">
        <MapPane config={config} />
        <TimeBar />
      </main>
      {narrow.value ? <Sheet /> : <SidePanel key={selection.value ? "here" : "overview"} />}
      {!narrow.value && <FreshnessStrip />}
    </div>
  );
}
