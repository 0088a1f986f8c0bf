/** How long personal data are kept, and on what ground. */

import { running, type RetentionClass } from "../../api/work";
import { formatNumber } from "../../format/number";
import { lang, pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Table } from "../../ui/Table";

export function Retention() {
  const reading = useReading((signal) => running.retention(signal), []);
  const found = reading.data?.classes;
  if (!found) {
    return reading.problem ? (
      <Failed problem={reading.problem} retry={reading.reload} />
    ) : (
      <Loading rows={4} />
    );
  }
  const figure = (n: number): string => formatNumber(n, lang.value, 0);
  return (
    <>
      <p class="muted">{t("retention.lead")}</p>
      <Table<RetentionClass>
        caption={t("admin.tab_retention")}
        rows={found}
        keyOf={(one) => one.name}
        columns={[
          { key: "class", title: t("retention.class"), show: (one) => pick(one.title, one.title_en) },
          {
            key: "days",
            title: t("retention.days"),
            show: (one) =>
              one.days === null ? t("retention.for_ever") : t("retention.days_n", { n: figure(one.days) }),
          },
          { key: "rule", title: t("retention.rule"), show: (one) => one.rule },
          { key: "held", title: t("retention.held"), figures: true, show: (one) => figure(one.held) },
          { key: "oldest", title: t("retention.oldest"), show: (one) => <When time={one.oldest} /> },
          {
            key: "forgotten",
            title: t("retention.forgotten"),
            figures: true,
            show: (one) => figure(one.forgotten),
          },
        ]}
      />
    </>
  );
}
