/** The searchable list of rules. */

import { useEffect, useState } from "preact/hooks";
import { law, type Rule } from "../../api/work";
import { go, route } from "../../shell/router";
import { pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { Select, TextInput } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Button } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";
import { Table } from "../../ui/Table";
import { ConfidenceTag, kindWord, UsableTag, validity } from "./words";

const KINDS: Rule["kind"][] = ["rule", "table", "codes", "thresholds", "calendar", "text"];
const PAGE = 50;
const TYPING_PAUSE_MS = 200;

export function RuleList() {
  const { search } = route.value;
  const kind = search.get("kind") ?? "";
  const confidence = search.get("confidence") ?? "";
  const asked = search.get("q") ?? "";
  const [text, setText] = useState(asked);
  const [count, setCount] = useState(PAGE);
  useEffect(() => {
    const timer = setTimeout(() => change({ q: text.trim() }), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const change = (values: Record<string, string>): void => {
    const next = { q: asked, kind, confidence, ...values };
    const pairs = Object.entries(next).filter(([, value]) => value !== "");
    const path = "law" + (pairs.length > 0 ? "?" + new URLSearchParams(pairs).toString() : "");
    if (route.peek().page === "law") go(path, true);
  };

  const reading = useReading(
    (signal) =>
      law.search(
        { q: asked || null, kind: kind || null, confidence: confidence || null, limit: count },
        signal,
      ),
    [asked, kind, confidence, count],
  );
  const found = reading.data;
  return (
    <>
      <div class="bar" role="search">
        <div class="field--grow field">
          <TextInput
            label={t("law.search")}
            hint={t("law.search_hint")}
            type="search"
            value={text}
            set={setText}
          />
        </div>
        <Select
          label={t("law.kind")}
          value={kind}
          set={(value) => change({ kind: value })}
          options={[
            { value: "", title: t("law.any") },
            ...KINDS.map((one) => ({ value: one, title: kindWord(one) })),
          ]}
        />
        <Select
          label={t("law.confidence")}
          value={confidence}
          set={(value) => change({ confidence: value })}
          options={[
            { value: "", title: t("law.any") },
            { value: "C", title: t("lawconf.C") },
            { value: "C1", title: t("lawconf.C1") },
            { value: "M", title: t("lawconf.M") },
            { value: "own", title: t("lawconf.own") },
          ]}
        />
      </div>
      {reading.problem && !found ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : !found ? (
        <Loading rows={6} />
      ) : found.rules.length === 0 ? (
        <Empty title={t("law.none")}>
          <p>{t("law.none_hint")}</p>
        </Empty>
      ) : (
        <>
          <p class="quiet" role="status">
            {t("page.shown", { n: found.rules.length, all: found.total })}
          </p>
          <Table<Rule>
            caption={t("law.title")}
            rows={found.rules}
            keyOf={(rule) => rule.id}
            columns={[
              {
                key: "title",
                title: t("law.name"),
                show: (rule) => (
                  <Link class="link" to={`law/${rule.id}`}>
                    {pick(rule.title, rule.title_en)}
                  </Link>
                ),
              },
              { key: "kind", title: t("law.kind"), show: (rule) => kindWord(rule.kind) },
              {
                key: "document",
                title: t("law.document"),
                show: (rule) => [rule.document, rule.clause].filter(Boolean).join(" · "),
              },
              { key: "valid", title: t("law.valid"), show: (rule) => validity(rule) },
              {
                key: "confidence",
                title: t("law.confidence"),
                show: (rule) => <ConfidenceTag mark={rule.confidence} />,
              },
              { key: "state", title: t("law.state"), show: (rule) => <UsableTag rule={rule} /> },
            ]}
          />
          {found.rules.length < found.total && (
            <div class="more">
              <Button busy={reading.busy} onClick={() => setCount(count + PAGE)}>
                {t("page.more")}
              </Button>
            </div>
          )}
        </>
      )}
    </>
  );
}
