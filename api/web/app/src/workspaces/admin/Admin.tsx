/** Running the twin: health, people, tokens, policy, audit, retention. */

import type { ComponentType } from "preact";
import type { Right } from "../../api/people";
import { Frame } from "../../shell/Frame";
import { NoRight } from "../../shell/NoRight";
import { route } from "../../shell/router";
import type { MessageKey } from "../../i18n/messages";
import { t } from "../../state/preferences";
import { may } from "../../state/viewer";
import { Tabs } from "../../ui/Tabs";
import { Audit } from "./Audit";
import { Doctor } from "./Doctor";
import { People } from "./People";
import { Policy } from "./Policy";
import { Retention } from "./Retention";
import { Tokens } from "./Tokens";

interface Part {
  key: string;
  title: MessageKey;
  right: Right;
  Body: ComponentType;
}

const PARTS: Part[] = [
  { key: "doctor", title: "admin.tab_doctor", right: "administer", Body: Doctor },
  { key: "people", title: "admin.tab_people", right: "administer", Body: People },
  { key: "tokens", title: "admin.tab_tokens", right: "administer", Body: Tokens },
  { key: "policy", title: "admin.tab_policy", right: "administer", Body: Policy },
  { key: "audit", title: "admin.tab_audit", right: "audit", Body: Audit },
  { key: "retention", title: "admin.tab_retention", right: "administer", Body: Retention },
];

export function Admin() {
  const [wanted = "doctor"] = route.value.rest;
  const allowed = PARTS.filter((part) => may(part.right));
  const part = allowed.find((one) => one.key === wanted) ?? allowed[0];
  if (!part) {
    return (
      <Frame title={t("admin.title")}>
        <NoRight title={t("admin.title")} needs={["administer", "audit"]} />
      </Frame>
    );
  }
  return (
    <Frame title={t(part.title)}>
      <header class="pagehead">
        <h1>{t("admin.title")}</h1>
      </header>
      <Tabs
        label={t("admin.title")}
        chosen={part.key}
        tabs={allowed.map((one) => ({ key: one.key, path: `admin/${one.key}`, title: t(one.title) }))}
      />
      <part.Body />
    </Frame>
  );
}
