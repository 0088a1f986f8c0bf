/** Is the twin well? What is not, comes first. */

import { running, type Check } from "../../api/work";
import type { MessageKey } from "../../i18n/messages";
import { pick, t } from "../../state/preferences";
import { useReading } from "../../state/reading";
import { Button, Note, Tag } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { Table } from "../../ui/Table";

const RANK = { bad: 0, warning: 1, unknown: 2, ok: 3 } as const;
const TONES = { bad: "fail", warning: "look", unknown: "plain", ok: "good" } as const;
const WORDS: Record<Check["state"], MessageKey> = {
  bad: "doctor.bad_state",
  warning: "doctor.warning",
  unknown: "doctor.unknown",
  ok: "doctor.ok",
};

export function Doctor() {
  const reading = useReading((signal) => running.doctor(signal), []);
  const found = reading.data;
  if (!found) {
    return reading.problem ? (
      <Failed problem={reading.problem} retry={reading.reload} />
    ) : (
      <Loading rows={8} />
    );
  }
  const checks = [...found.checks].sort((a, b) => RANK[a.state] - RANK[b.state]);
  const open = checks.filter((check) => check.state === "bad" || check.state === "warning").length;
  return (
    <>
      <Note tone={open === 0 ? "good" : "look"}>
        <strong>{open === 0 ? t("doctor.good") : t("doctor.bad", { n: open })}</strong>
      </Note>
      <Table<Check>
        caption={t("admin.tab_doctor")}
        rows={checks}
        keyOf={(check) => check.name}
        columns={[
          {
            key: "state",
            title: t("doctor.state"),
            show: (check) => <Tag tone={TONES[check.state]}>{t(WORDS[check.state])}</Tag>,
          },
          { key: "check", title: t("doctor.check"), show: (check) => pick(check.title, check.title_en) },
          {
            key: "finding",
            title: t("doctor.finding"),
            breaks: true,
            show: (check) => (
              <span>
                {pick(check.text, check.text_en)}
                {check.hint && check.state !== "ok" && (
                  <span class="muted doctor__hint">
                    {t("doctor.do", { hint: pick(check.hint, check.hint_en) })}
                  </span>
                )}
              </span>
            ),
          },
        ]}
      />
      <p class="muted more">{t("doctor.quarantine")}</p>
      <Button busy={reading.busy} onClick={reading.reload}>
        {t("doctor.again")}
      </Button>
    </>
  );
}
