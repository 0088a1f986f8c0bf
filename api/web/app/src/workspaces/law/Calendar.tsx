/** Holidays and compensating days of a year. */

import { useState } from "preact/hooks";
import { law } from "../../api/work";
import { formatDate, localParts, parseTime } from "../../format/time";
import type { MessageKey } from "../../i18n/messages";
import { now } from "../../state/clock";
import { pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { Select } from "../../ui/Field";
import { Tag } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { Table } from "../../ui/Table";

export function Calendar() {
  const thisYear = localParts(now.peek()).year;
  const [year, setYear] = useState(thisYear);
  const reading = useReading((signal) => law.calendar(`${year}-01-01`, `${year}-12-31`, signal), [year]);
  // Plain weekends and working days go without saying.
  const days = reading.data?.days.filter((one) => one.source !== "week");
  return (
    <>
      <p class="muted">{t("law.calendar_lead")}</p>
      <div class="bar">
        <Select
          label={t("law.year")}
          value={String(year)}
          set={(value) => setYear(Number(value))}
          options={[thisYear - 1, thisYear, thisYear + 1].map((one) => ({
            value: String(one),
            title: String(one),
          }))}
        />
      </div>
      {reading.problem ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : !days ? (
        <Loading rows={5} />
      ) : (
        <Table
          caption={t("law.tab_calendar")}
          rows={days}
          keyOf={(one) => one.date}
          columns={[
            {
              key: "date",
              title: t("law.day"),
              show: (one) => {
                const ms = parseTime(one.date);
                if (ms === null) return one.date;
                return `${t(`day.${localParts(ms).weekday}` as MessageKey)} ${formatDate(ms)}`;
              },
            },
            {
              key: "working",
              title: t("law.state"),
              show: (one) => (
                <Tag tone={one.working ? "good" : "plain"}>{t(one.working ? "law.working" : "law.off")}</Tag>
              ),
            },
            { key: "name", title: t("law.day_name"), show: (one) => pick(one.name, one.name_en) },
            {
              key: "source",
              title: t("law.source"),
              show: (one) => (
                <>
                  {t(`calendar.${one.source}`)}{" "}
                  {one.provisional && <Tag tone="look">{t("calendar.provisional")}</Tag>}
                </>
              ),
            },
          ]}
        />
      )}
    </>
  );
}
