/** A plan edit before and after: attribute by attribute, and on the map. */

import { formatArea } from "../../format/number";
import { cases, type CaseDetail, type Preview } from "../../api/cases";
import { lang, pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { SmallMap } from "../../map/SmallMap";
import { Tag } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Table } from "../../ui/Table";
import { Value } from "../../ui/Value";

export function PlanPreview({ held }: { held: CaseDetail }) {
  const reading = useReading((signal) => cases.preview(held.id, signal), [held.id, held.version]);
  const found = reading.data;
  return (
    <section class="part">
      <h3>{t("plan.before_after")}</h3>
      {found ? (
        <Shown found={found} />
      ) : reading.problem ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : (
        <Loading rows={3} />
      )}
    </section>
  );
}

function Shown({ found }: { found: Preview }) {
  const { before, after, changes, problems } = found;
  return (
    <>
      <SmallMap label={t("plan.map")} before={before} after={after} />
      {changes.map((one) => (
        <Change key={one.fid} change={one} />
      ))}
      <h4>{t("plan.problems")}</h4>
      {problems.length === 0 ? (
        <p class="muted">{t("plan.no_problems")}</p>
      ) : (
        <ul class="plainlist">
          {problems.map((one, index) => (
            <li key={`${one.code}/${one.fid}/${index}`}>
              <span class="num">{one.fid}</span> {pick(one.text, one.text_en)}{" "}
              {one.blocks && <Tag tone="fail">{t("plan.blocks")}</Tag>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Change({ change }: { change: Preview["changes"][number] }) {
  const { area_before_m2: was, area_after_m2: becomes } = change;
  const area = (held: number | null): string => (held === null ? "–" : formatArea(held, lang.value));
  return (
    <div class="change">
      <h4 class="num">{change.fid}</h4>
      {change.what === "ends" && <p>{t("plan.ends")}</p>}
      {change.what === "new" && <p>{t("plan.new")}</p>}
      {change.valid_from && (
        <p class="muted">
          {t("plan.edit_valid")} <When time={change.valid_from} />
        </p>
      )}
      {was !== becomes && (
        <p class="num">{t("plan.area_change", { before: area(was), after: area(becomes) })}</p>
      )}
      {change.attributes.length === 0 ? (
        change.what === "changed" && <p class="muted">{t("plan.same")}</p>
      ) : (
        <Table
          caption={change.fid}
          rows={change.attributes}
          keyOf={(row) => row.name}
          columns={[
            { key: "name", title: t("plan.attribute"), show: (row) => row.name },
            { key: "was", title: t("plan.was"), show: (row) => <Value value={row.before} /> },
            {
              key: "becomes",
              title: t("plan.becomes"),
              show: (row) => (
                <strong>
                  <Value value={row.after} />
                </strong>
              ),
            },
          ]}
        />
      )}
    </div>
  );
}
