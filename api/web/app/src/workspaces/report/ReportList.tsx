/** All public reports, on a map and as a list. */

import { useState } from "preact/hooks";
import { reports, type ReportStatus } from "../../api/cases";
import { formatDateTime, parseTime } from "../../format/time";
import { SmallMap } from "../../map/SmallMap";
import { go } from "../../shell/router";
import { pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { Select } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Tag } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";
import { categoryWord } from "./words";
import { nearest } from "./nearest";

const MOST = 200;

export function ReportList() {
  const [category, setCategory] = useState("");
  const known = useReading((signal) => reports.categories(signal), []);
  const reading = useReading(
    (signal) => reports.list({ category: category || null, limit: MOST }, signal),
    [category],
  );
  const found = reading.data?.reports;
  return (
    <>
      <div class="bar">
        <Select
          label={t("report.list_filter")}
          value={category}
          set={setCategory}
          options={[
            { value: "", title: t("law.any") },
            ...(known.data?.categories ?? []).map((one) => ({
              value: one.value,
              title: pick(one.title, one.title_en),
            })),
          ]}
        />
      </div>
      {!found ? (
        reading.problem ? (
          <Failed problem={reading.problem} retry={reading.reload} />
        ) : (
          <Loading rows={4} />
        )
      ) : found.length === 0 ? (
        <Empty title={t("report.list_empty")}>
          <p>{t("report.list_empty_hint")}</p>
        </Empty>
      ) : (
        <>
          <SmallMap
            label={t("report.list_map")}
            points={found.flatMap((one): [number, number][] =>
              one.lon === null || one.lat === null ? [] : [[one.lon, one.lat]],
            )}
            onTap={(lon, lat, metres) => {
              const one = nearest(found, lon, lat, metres * 2);
              if (one) go(`report/${encodeURIComponent(one.code)}`);
            }}
          />
          <ul class="reportlist">
            {found.map((one) => (
              <Row key={one.code} one={one} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Row({ one }: { one: ReportStatus }) {
  const opened = parseTime(one.opened);
  return (
    <li>
      <Link class="reportlist__row" to={`report/${encodeURIComponent(one.code)}`}>
        <strong>{categoryWord(one)}</strong>
        <Tag>{pick(one.state_title, one.state_title_en)}</Tag>
        <span class="quiet num">
          {one.code} · {opened === null ? "" : formatDateTime(opened)}
        </span>
      </Link>
    </li>
  );
}
