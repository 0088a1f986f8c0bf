/** How a rule's marks are said. */

import type { Confidence, Rule } from "../../api/work";
import { formatDate, parseTime } from "../../format/time";
import type { MessageKey } from "../../i18n/messages";
import { t } from "../../state/preferences";
import { Tag } from "../../ui/Notes";

export function kindWord(kind: Rule["kind"]): string {
  return t(`lawkind.${kind}` as MessageKey);
}

export function ConfidenceTag({ mark }: { mark: Confidence }) {
  const tone = mark === "C" ? "good" : mark === "M" ? "look" : "plain";
  return <Tag tone={tone}>{t(`lawconf.${mark}` as MessageKey)}</Tag>;
}

export function UsableTag({ rule }: { rule: Rule }) {
  if (rule.countersigned) return <Tag tone="good">{t("law.signed")}</Tag>;
  if (rule.state === "draft") return <Tag tone="look">{t("law.draft")}</Tag>;
  return <Tag tone={rule.usable ? "plain" : "look"}>{t(rule.usable ? "law.shipped" : "law.unsigned")}</Tag>;
}

/** When a rule holds, in words. */
export function validity(rule: { valid_from: string | null; valid_to: string | null }): string {
  const from = parseTime(rule.valid_from);
  const to = parseTime(rule.valid_to);
  const begins = from === null ? t("law.unknown_from") : t("law.from", { date: formatDate(from) });
  if (to === null) return begins;
  return from === null
    ? t("law.until", { end: formatDate(to) })
    : t("law.from_to", { date: formatDate(from), end: formatDate(to) });
}
