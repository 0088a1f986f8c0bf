/** Files of a case. */

import { useRef, useState } from "preact/hooks";
import { cases, type CaseDetail } from "../../api/cases";
import { formatNumber } from "../../format/number";
import { lang, t } from "../../state/preferences";
import { useSending } from "../../state/reading";
import { Button, Note, ProblemNote } from "../../ui/Notes";

export function Files({ held, reload }: { held: CaseDetail; reload: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [added, setAdded] = useState("");
  const sending = useSending();
  const attach = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    const kept = await sending.run(() => cases.attach(held.id, file));
    if (!kept) return;
    setAdded(kept.name);
    reload();
  };
  return (
    <section class="part">
      <h3>{t("cases.files")}</h3>
      {held.files.length === 0 ? (
        <p class="muted">{t("cases.no_files")}</p>
      ) : (
        <ul class="plainlist">
          {held.files.map((file) => (
            <li key={file.file}>
              <a
                class="link"
                href={cases.fileAddress(held.id, file.file)}
                download={file.name}
                aria-label={t("cases.download", { name: file.name })}
              >
                {file.name}
              </a>{" "}
              <span class="quiet num">{formatNumber(file.size / 1024, lang.value, 0)} kB</span>
            </li>
          ))}
        </ul>
      )}
      {added && <Note tone="good">{t("cases.attached", { name: added })}</Note>}
      <ProblemNote problem={sending.problem} />
      <input
        ref={input}
        class="vh"
        type="file"
        tabIndex={-1}
        aria-label={t("cases.attach")}
        onChange={(event) => {
          void attach(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
      <div class="buttons">
        <Button small busy={sending.busy} onClick={() => input.current?.click()}>
          {t("cases.attach")}
        </Button>
      </div>
    </section>
  );
}
