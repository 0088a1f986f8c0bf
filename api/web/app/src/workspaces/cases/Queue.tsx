/** The list of cases, by the clock. */

import { useEffect, useState } from "preact/hooks";
import { cases, type Case, type CaseKind } from "../../api/cases";
import { go, route } from "../../shell/router";
import { pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { useRecordNews } from "../../state/records";
import { isSomebody } from "../../state/viewer";
import { ClockBadge } from "../../ui/ClockBadge";
import { pressing } from "../../ui/clock";
import { Check, Select, TextInput } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Button } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";

const PAGE = 50;
const TYPING_PAUSE_MS = 200;

export function Queue({ kinds, chosen }: { kinds: readonly CaseKind[]; chosen: string | null }) {
  const { search } = route.value;
  const filter = {
    q: search.get("q") ?? "",
    kind: search.get("kind") ?? "",
    assigned: search.get("assigned") ?? "",
    open: search.get("open") ?? "true",
    order: search.get("order") ?? "due",
  };
  const [text, setText] = useState(filter.q);
  const [count, setCount] = useState(PAGE);

  const query = (values: Partial<typeof filter>): string => {
    const next = { ...filter, ...values };
    const pairs = Object.entries(next).filter(
      ([key, value]) =>
        value !== "" && !(key === "open" && value === "true") && !(key === "order" && value === "due"),
    );
    return pairs.length > 0 ? "?" + new URLSearchParams(pairs).toString() : "";
  };
  const change = (values: Partial<typeof filter>): void => {
    if (route.peek().page !== "cases") return;
    go("cases" + (chosen === null ? "" : `/${encodeURIComponent(chosen)}`) + query(values), true);
  };
  useEffect(() => {
    if (text.trim() === filter.q) return;
    const timer = setTimeout(() => change({ q: text.trim() }), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const reading = useReading(
    (signal) =>
      cases.list(
        {
          q: filter.q || null,
          kind: filter.kind || null,
          assigned: filter.assigned || null,
          open: filter.open === "true" ? true : null,
          order: filter.order,
          limit: count,
        },
        signal,
      ),
    [filter.q, filter.kind, filter.assigned, filter.open, filter.order, count],
  );
  useRecordNews("case", () => reading.reload());
  const found = reading.data;
  const filtered = filter.q !== "" || filter.kind !== "" || filter.assigned !== "";
  return (
    <section class="queue" aria-label={t("cases.queue")}>
      <div class="queue__head">
        <h1>{t("cases.queue")}</h1>
        {found && (
          <span class="quiet num" role="status">
            {t("cases.count", { n: found.cases.length, all: found.total })}
          </span>
        )}
      </div>
      <div class="queue__filter" role="search">
        <TextInput
          label={t("cases.search")}
          hint={t("cases.search_hint")}
          type="search"
          value={text}
          set={setText}
        />
        <div class="queue__pair">
          <Select
            label={t("cases.kind")}
            value={filter.kind}
            set={(kind) => change({ kind })}
            options={[
              { value: "", title: t("cases.all_kinds") },
              ...kinds.map((one) => ({ value: one.name, title: pick(one.title, one.title_en) })),
            ]}
          />
          <Select
            label={t("cases.order")}
            value={filter.order}
            set={(order) => change({ order })}
            options={[
              { value: "due", title: t("cases.order_due") },
              { value: "changed", title: t("cases.order_changed") },
              { value: "opened", title: t("cases.order_opened") },
            ]}
          />
        </div>
        <div class="queue__pair">
          <Select
            label={t("cases.whose")}
            value={filter.assigned}
            set={(assigned) => change({ assigned })}
            options={[
              { value: "", title: t("cases.anyone") },
              ...(isSomebody.value ? [{ value: "me", title: t("cases.mine") }] : []),
              { value: "none", title: t("cases.nobodys") },
            ]}
          />
          <Check
            label={t("cases.open_only")}
            value={filter.open === "true"}
            set={(on) => change({ open: on ? "true" : "all" })}
          />
        </div>
      </div>
      {reading.problem && !found ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : !found ? (
        <Loading rows={6} />
      ) : found.cases.length === 0 ? (
        <Empty title={t("cases.none")}>
          <p>{t(filtered || filter.open === "true" ? "cases.none_hint" : "cases.none_yet")}</p>
        </Empty>
      ) : (
        <ul class="queue__list">
          {found.cases.map((one) => (
            <Row key={one.id} one={one} chosen={one.id === chosen} query={query({})} />
          ))}
        </ul>
      )}
      {found && found.cases.length < found.total && (
        <div class="more queue__more">
          <Button small busy={reading.busy} onClick={() => setCount(count + PAGE)}>
            {t("page.more")}
          </Button>
        </div>
      )}
    </section>
  );
}

function Row({ one, chosen, query }: { one: Case; chosen: boolean; query: string }) {
  const clock = pressing(one.clocks);
  return (
    <li>
      <Link
        class="queue__row"
        to={`cases/${encodeURIComponent(one.id)}${query}`}
        aria-current={chosen ? "true" : undefined}
      >
        <span class="num queue__code">{one.code}</span>
        {clock && <ClockBadge clock={clock} />}
        <strong class="queue__title">{one.title}</strong>
        <span class="queue__under quiet">
          {pick(one.state_title, one.state_title_en)} · {one.assigned?.name ?? t("cases.nobody")}
        </span>
      </Link>
    </li>
  );
}
