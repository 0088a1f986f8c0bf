/** Citizens' reports: sending one, following one, looking at all. */

import { useState } from "preact/hooks";
import { Frame } from "../../shell/Frame";
import { go, route } from "../../shell/router";
import { t } from "../../state/preferences";
import "../../styles/report.css";
import { TextInput } from "../../ui/Field";
import { Button } from "../../ui/Notes";
import { Tabs } from "../../ui/Tabs";
import { ReportForm } from "./ReportForm";
import { ReportList } from "./ReportList";
import { StatusPage } from "./StatusPage";

export function Report() {
  const [code] = route.value.rest;
  if (code !== undefined && code !== "list") return <StatusPage code={code} key={code} />;
  return (
    <Frame title={t("report.title")} roomy>
      <header class="pagehead">
        <h1>{t(code === "list" ? "report.list" : "report.title")}</h1>
        <p>{t(code === "list" ? "report.list_lead" : "report.lead")}</p>
      </header>
      <Tabs
        label={t("nav.report")}
        chosen={code === "list" ? "list" : "new"}
        tabs={[
          { key: "new", path: "report", title: t("report.title") },
          { key: "list", path: "report/list", title: t("report.list") },
        ]}
      />
      {code === "list" ? (
        <>
          <Follow />
          <ReportList />
        </>
      ) : (
        <ReportForm />
      )}
    </Frame>
  );
}

function Follow() {
  const [code, setCode] = useState("");
  return (
    <form
      class="bar"
      aria-label={t("report.find")}
      onSubmit={(event) => {
        event.preventDefault();
        if (code.trim()) go(`report/${encodeURIComponent(code.trim().toUpperCase())}`);
      }}
    >
      <TextInput label={t("report.find_label")} value={code} set={setCode} autocomplete="off" />
      <Button>{t("report.find_go")}</Button>
    </form>
  );
}
