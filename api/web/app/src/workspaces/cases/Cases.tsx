/** The queue beside the case that is open; on a phone one after the other. */

import { cases } from "../../api/cases";
import { Frame } from "../../shell/Frame";
import { narrow } from "../../shell/narrow";
import { NoRight } from "../../shell/NoRight";
import { route } from "../../shell/router";
import { t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { may } from "../../state/viewer";
import "../../styles/cases.css";
import { CasePane } from "./CasePane";
import { NewPlanEdit } from "./NewPlanEdit";
import { Queue } from "./Queue";

export function Cases() {
  const { rest, search } = route.value;
  const [id] = rest;
  const allowed = may("cases");
  const kinds = useReading(allowed ? (signal) => cases.kinds(signal) : null, []);
  if (!allowed) {
    return (
      <Frame title={t("cases.title")}>
        <NoRight title={t("cases.title")} needs={["cases"]} />
      </Frame>
    );
  }
  if (id === "new") {
    return <NewPlanEdit layer={search.get("layer") ?? ""} fid={search.get("fid") ?? ""} />;
  }
  const known = kinds.data?.kinds ?? [];
  const showList = !narrow.value || id === undefined;
  const showCase = !narrow.value || id !== undefined;
  return (
    <Frame title={t("cases.title")} wide>
      <div class="desk">
        {showList && <Queue kinds={known} chosen={id ?? null} />}
        {showCase && (
          <div class="desk__main">
            {id === undefined ? (
              <p class="desk__hint muted">{t("cases.choose")}</p>
            ) : (
              <CasePane id={id} kinds={known} key={id} />
            )}
          </div>
        )}
      </div>
    </Frame>
  );
}
