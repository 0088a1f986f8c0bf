/** Opens the page that the address names; each is loaded when it is first wanted. */

import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Config } from "../api/types";
import { config, session, unknownCaller } from "../state/viewer";
import { t } from "../state/preferences";
import { Empty, Failed } from "../ui/States";
import { Frame } from "./Frame";
import { go, herePath, route, type Page } from "./router";

type Workspace = ComponentType<{ config: Config }>;

/** Loaded later, in a file of its own. */
const LOADERS: Record<Exclude<Page, "unknown">, () => Promise<Workspace>> = {
  map: () => import("./MapWorkspace").then((it) => it.MapWorkspace),
  "sign-in": () => import("../workspaces/sign-in/SignIn").then((it) => it.SignIn),
  account: () => import("../workspaces/sign-in/Account").then((it) => it.Account),
  reset: () => import("../workspaces/sign-in/Reset").then((it) => it.Reset),
  report: () => import("../workspaces/report/Report").then((it) => it.Report),
  cases: () => import("../workspaces/cases/Cases").then((it) => it.Cases),
  jobs: () => import("../workspaces/jobs/Jobs").then((it) => it.Jobs),
  law: () => import("../workspaces/law/Law").then((it) => it.Law),
  verify: () => import("../workspaces/verify/Verify").then((it) => it.Verify),
  admin: () => import("../workspaces/admin/Admin").then((it) => it.Admin),
};

export function Root() {
  const found = config.data.value;
  const problem = config.problem.value;
  const { page } = route.value;
  useEffect(() => {
    // A duty of the account (a first password, a second factor) comes before everything else.
    const must = session.data.value?.must ?? [];
    if (must.length > 0 && page !== "account" && page !== "sign-in") go("account", true);
  }, [session.data.value, page]);
  useEffect(() => {
    if (!unknownCaller.value) return;
    unknownCaller.value = false;
    session.reload();
    if (page !== "sign-in") go(`sign-in?next=${encodeURIComponent(herePath())}`, true);
  }, [unknownCaller.value]);
  if (!found) return problem ? <Failed problem={problem} retry={config.reload} /> : <Opening />;
  if (page === "unknown") {
    return (
      <Frame title={t("page.unknown")}>
        <Empty title={t("page.unknown")}>
          <p>{t("page.unknown_hint")}</p>
        </Empty>
      </Frame>
    );
  }
  return <Loaded page={page} config={found} key={page} />;
}

function Loaded({ page, config: found }: { page: Exclude<Page, "unknown">; config: Config }) {
  const made = useSignal<Workspace | null>(null);
  const broken = useSignal(false);
  const load = (): void => {
    broken.value = false;
    LOADERS[page]().then(
      (Part) => (made.value = Part),
      () => (broken.value = true),
    );
  };
  useEffect(load, [page]);
  if (broken.value) {
    const problem = { type: "about:blank", title: t("page.not_loaded"), status: 0, detail: "" };
    return <Failed problem={problem} retry={load} />;
  }
  const Part = made.value;
  return Part ? <Part config={found} /> : <Opening />;
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
