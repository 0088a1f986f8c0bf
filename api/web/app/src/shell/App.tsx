/** The first workspace: the map with everything around it that one time governs. */

import { useEffect, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { config, selection } from "../state/city";
import { lang, pick, t } from "../state/preferences";
import { LayerPanel } from "../panels/LayerPanel";
import { SidePanel } from "../panels/SidePanel";
import { MapPane } from "../map/MapPane";
import { Failed } from "../ui/States";
import { ConnectionNote } from "./ConnectionNote";
import { FreshnessStrip } from "./FreshnessStrip";
import { PastBanner } from "./PastBanner";
import { Sheet } from "./Sheet";
import { TimeBar } from "./TimeBar";
import { TopBar } from "./TopBar";

const NARROW = matchMedia("(max-width: 899px)");
export const narrow = signal(NARROW.matches);
NARROW.addEventListener("change", (event) => (narrow.value = event.matches));

export function App() {
  const found = config.data.value;
  const problem = config.problem.value;
  const title = found ? pick(found.title, found.title_en) : "";
  useEffect(() => {
    if (title) document.title = title;
  }, [title]);
  if (!found) return problem ? <Failed problem={problem} retry={config.reload} /> : <Opening />;
  return (
    <div class={`shell ${narrow.value ? "shell--narrow" : ""}`} lang={lang.value}>
      <a class="skip" href="#map">
        {t("app.skip")}
      </a>
      <TopBar />
      <div class="notes">
        <PastBanner />
        <ConnectionNote />
      </div>
      {!narrow.value && <LayerPanel />}
      <main class="stage" id="map">
        <MapPane config={found} />
        <TimeBar />
      </main>
      {narrow.value ? <Sheet /> : <SidePanel key={selection.value ? "here" : "overview"} />}
      {!narrow.value && <FreshnessStrip />}
    </div>
  );
}

/** Until the server answers: nothing for a moment, then a sentence. */
function Opening() {
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class="opening" role="status">
      {waited ? t("app.loading") : ""}
    </p>
  );
}
