/** What changes on which date. */

import { law, type LawChange } from "../../api/work";
import { DAY, formatDate, parseTime } from "../../format/time";
import { now } from "../../state/clock";
import { pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { Link } from "../../ui/Link";
import { Tag } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";

const BACK = 183 * DAY;
const AHEAD = 731 * DAY;

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export function Changes() {
  const today = now.peek();
  const reading = useReading((signal) => law.changes(day(today - BACK), day(today + AHEAD), signal), []);
  const changes = reading.data?.changes;
  if (!changes) {
    return reading.problem ? (
      <Failed problem={reading.problem} retry={reading.reload} />
    ) : (
      <Loading rows={5} />
    );
  }
  if (changes.length === 0) return <Empty title={t("law.no_changes")} />;
  return (
    <>
      <p class="muted">{t("law.changes_lead")}</p>
      <ol class="dates">
        {byDate(changes).map(([date, held]) => (
          <DateGroup key={date} date={date} changes={held} today={today} />
        ))}
      </ol>
    </>
  );
}

function DateGroup({ date, changes, today }: { date: string; changes: LawChange[]; today: number }) {
  const ms = parseTime(date);
  const ahead = ms !== null && ms > today;
  return (
    <li class={`part dates__day ${ahead ? "dates__day--ahead" : ""}`}>
      <h2>
        <span class="num">{ms === null ? date : formatDate(ms)}</span>{" "}
        <Tag tone={ahead ? "look" : "plain"}>{t(ahead ? "law.ahead" : "law.past")}</Tag>
      </h2>
      <ul class="plainlist">
        {changes.map((change) => (
          <li key={`${change.rule}/${change.text}`}>
            <Link class="link" to={`law/${change.rule}`}>
              {pick(change.title, change.title_en)}
            </Link>{" "}
            {t(change.what === "begins" ? "law.begins" : "law.ends")}
            <p class="muted">{pick(change.text, change.text_en)}</p>
          </li>
        ))}
      </ul>
    </li>
  );
}

export function byDate(changes: readonly LawChange[]): [string, LawChange[]][] {
  const groups = new Map<string, LawChange[]>();
  for (const change of changes) groups.set(change.date, [...(groups.get(change.date) ?? []), change]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}
