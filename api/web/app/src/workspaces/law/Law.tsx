/** What the law says in this city: rules with their source, what changes when, working days. */

import { Frame } from "../../shell/Frame";
import { route } from "../../shell/router";
import { t } from "../../state/preferences";
import { Tabs } from "../../ui/Tabs";
import { Calendar } from "./Calendar";
import { Changes } from "./Changes";
import { RuleList } from "./RuleList";
import { RulePage } from "./RulePage";

export function Law() {
  const { rest, search } = route.value;
  const id = rest.join("/");
  if (id !== "") return <RulePage id={id} key={id} />;
  const tab = search.get("tab") ?? "rules";
  return (
    <Frame title={t("law.title")}>
      <header class="pagehead">
        <h1>{t("law.title")}</h1>
        <p>{t("law.lead")}</p>
      </header>
      <Tabs
        label={t("law.title")}
        chosen={tab}
        tabs={[
          { key: "rules", path: "law", title: t("law.tab_rules") },
          { key: "changes", path: "law?tab=changes", title: t("law.tab_changes") },
          { key: "calendar", path: "law?tab=calendar", title: t("law.tab_calendar") },
        ]}
      />
      {tab === "changes" ? <Changes /> : tab === "calendar" ? <Calendar /> : <RuleList />}
    </Frame>
  );
}
