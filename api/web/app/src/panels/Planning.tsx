/** What the plans say about the parcel at the chosen place: the sentence first, then its proof. */

import type { PlanAnswer, PlanFigures, PlanParcel, PlanPart } from "../api/types";
import { formatNumber } from "../format/number";
import { formatDate, parseTime } from "../format/time";
import type { MessageKey } from "../i18n/messages";
import { lookup, selection } from "../state/city";
import { lang, pick, t } from "../state/preferences";
import { Icon } from "../ui/Icon";
import { Extract } from "./Extract";
import { Empty, Failed, Loading } from "../ui/States";

export function Planning() {
  const answer = lookup.data.value;
  const problem = lookup.problem.value;
  if (problem && problem.status !== 404) return <Failed problem={problem} retry={lookup.reload} />;
  if (!answer) return lookup.busy.value ? <Loading rows={3} /> : <NoPlan />;
  if (answer.parts.every((part) => part.kind === "no_data") && answer.plans.length === 0) return <NoPlan />;
  return (
    <section class="plan" aria-label={t("plan.title")}>
      {answer.parcel && <ParcelName parcel={answer.parcel} />}
      <p class="plan__answer">{answer.summary}</p>
      {answer.parts.length > 0 && <Parts parts={answer.parts} />}
      {answer.parts.some((part) => part.kind === "zone") && <Limits parts={answer.parts} />}
      <Basis answer={answer} />
      {answer.flags.length > 0 && (
        <>
          <h4>{t("plan.unknown")}</h4>
          <ul class="plan__flags">
            {answer.flags.map((flag) => (
              <li key={flag.code + flag.text}>
                <Icon name="unknown" /> <span>{flag.text}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <Extract key={`${selection.value?.lon}/${selection.value?.lat}`} />
      <p class="quiet plan__note">{pick(answer.disclaimer, answer.disclaimer_en)}</p>
    </section>
  );
}

function NoPlan() {
  return (
    <Empty title={t("plan.none")}>
      <p>{t("plan.none_hint")}</p>
    </Empty>
  );
}

function ParcelName({ parcel }: { parcel: PlanParcel }) {
  return (
    <p class="plan__parcel">
      <strong>{t("plan.parcel", { plot: parcel.plot, sheet: parcel.sheet })}</strong>
      {parcel.commune && ` · ${parcel.commune}`}
      {parcel.old_commune &&
        parcel.old_commune !== parcel.commune &&
        ` (${t("plan.before", { name: parcel.old_commune })})`}
      {" · "}
      <span class="num nb">{formatNumber(parcel.area_m2, lang.value, 1)} m²</span>
    </p>
  );
}

/** Hatches tell the parts apart without colour. */
const SHADES = ["solid", "hatch", "dots", "cross"] as const;

function shade(part: PlanPart, index: number): string {
  return part.kind === "no_data" ? "none" : (SHADES[index % SHADES.length] ?? "solid");
}

function Parts({ parts }: { parts: PlanPart[] }) {
  const total = parts.reduce((sum, part) => sum + (part.area_m2 ?? 0), 0);
  const measured = parts.every((part) => part.area_m2 !== null);
  return (
    <>
      {measured && parts.length > 1 && (
        <div class="plan__bar" aria-hidden="true">
          {parts.map((part, index) => (
            <i
              class={`shade shade--${shade(part, index)}`}
              style={{ flexGrow: part.area_m2 ?? 0 }}
              key={index}
            />
          ))}
        </div>
      )}
      <table class="tbl">
        <thead>
          <tr>
            <th scope="col">{t("plan.function")}</th>
            {measured && <th class="n">{t("plan.area")}</th>}
            {measured && <th class="n">{t("plan.share")}</th>}
          </tr>
        </thead>
        <tbody>
          {parts.map((part, index) => (
            <tr key={index}>
              <td>
                <i class={`shade shade--key shade--${shade(part, index)}`} aria-hidden="true" />{" "}
                {part.function_name}
                {part.zone && <small class="quiet"> {part.zone}</small>}
                {part.kind === "conflict" && <em class="quality">{t("plan.conflict")}</em>}
                {part.reason && <small class="plan__why">{part.reason}</small>}
              </td>
              {measured && <td class="n">{formatNumber(part.area_m2 ?? 0, lang.value, 1)}</td>}
              {measured && <td class="n">{formatNumber(100 * (part.share ?? 0), lang.value, 1)}</td>}
            </tr>
          ))}
        </tbody>
        {measured && parts.length > 1 && (
          <tfoot>
            <tr>
              <td>{t("plan.total")}</td>
              <td class="n">{formatNumber(total, lang.value, 1)}</td>
              <td class="n">{formatNumber(100, lang.value, 1)}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </>
  );
}

const FIGURES: [keyof PlanFigures, MessageKey, string][] = [
  ["density_max", "plan.density_max", "%"],
  ["floors_max", "plan.floors_max", ""],
  ["height_max", "plan.height_max", "m"],
  ["far_max", "plan.far_max", ""],
  ["setback_m", "plan.setback_m", "m"],
];

/** Figures of the largest part that has some; what a plan does not set is said, not left out. */
function Limits({ parts }: { parts: PlanPart[] }) {
  const zones = parts.filter((part) => part.kind === "zone");
  const [main] = zones
    .filter((part) => FIGURES.some(([name]) => typeof part[name] === "number"))
    .sort((a, b) => (b.area_m2 ?? 0) - (a.area_m2 ?? 0));
  if (!main) return null;
  return (
    <>
      <h4>{t("plan.limits_on", { name: main.function_name })}</h4>
      <table class="tbl">
        <tbody>
          {FIGURES.map(([name, label, unit]) => {
            const value = main[name];
            return (
              <tr key={name}>
                <td>{t(label)}</td>
                <td class="n">
                  {typeof value === "number" ? (
                    <>
                      {formatNumber(value, lang.value)} {unit && <span class="unit">{unit}</span>}
                    </>
                  ) : (
                    <span class="quiet">{t("plan.not_set")}</span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

function Basis({ answer }: { answer: PlanAnswer }) {
  if (answer.plans.length === 0) return null;
  return (
    <>
      <h4>{t("plan.basis")}</h4>
      <ol class="plan__basis">
        {answer.plans.map((plan) => {
          const since = parseTime(plan.valid_from);
          return (
            <li class={plan.answers ? "plan__answers" : ""} key={plan.code + plan.name}>
              <p>
                <strong>{plan.name}</strong> <span class="quiet num">{plan.scale}</span>
              </p>
              <p class="quiet">
                {plan.decision}
                {since !== null && ` · ${t("plan.since", { date: formatDate(since) })}`}
              </p>
              {plan.reason && <p>{plan.reason}</p>}
            </li>
          );
        })}
      </ol>
    </>
  );
}
