/** Importing a file: the work runs as a job whose page shows progress and report. */

import { useRef, useState } from "preact/hooks";
import { jobs } from "../../api/work";
import { go } from "../../shell/router";
import { t } from "../../state/preferences";
import { useSending } from "../../state/reading";
import { Check, TextInput } from "../../ui/Field";
import { Button, ProblemNote } from "../../ui/Notes";

export function ImportForm() {
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [layer, setLayer] = useState("");
  const [title, setTitle] = useState("");
  const [crs, setCrs] = useState("");
  const [id, setId] = useState("");
  const [decision, setDecision] = useState("");
  const [replace, setReplace] = useState(false);
  const [shared, setShared] = useState(false);
  const [missing, setMissing] = useState(false);
  const sending = useSending();

  const submit = async (): Promise<void> => {
    setMissing(file === null);
    if (file === null) return;
    const job = await sending.run(() =>
      jobs.importFile(file, {
        layer: layer.trim(),
        title: title.trim() || null,
        crs: crs.trim() || null,
        id: id.trim() || null,
        decision: decision.trim() || null,
        replace: replace || null,
        public: shared || null,
      }),
    );
    if (job) go(`jobs/${encodeURIComponent(job.id)}`);
  };

  return (
    <section class="part">
      <h2>{t("import.title")}</h2>
      <p class="muted">{t("import.lead")}</p>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending.busy) void submit();
        }}
      >
        <div class="field">
          <span class="field__label">{t("import.file")}</span>
          <input
            ref={input}
            class="vh"
            type="file"
            tabIndex={-1}
            aria-label={t("import.file")}
            onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)}
          />
          <span class="field__line">
            <Button onClick={() => input.current?.click()}>{t("cases.field_file")}</Button>
            <span class="breaks">{file?.name}</span>
          </span>
          {missing && (
            <p class="field__hint" role="alert">
              {t("form.missing")}
            </p>
          )}
        </div>
        <TextInput
          label={t("import.layer")}
          hint={t("import.layer_hint")}
          value={layer}
          set={setLayer}
          required
        />
        <TextInput label={t("import.name")} value={title} set={setTitle} />
        <TextInput label={t("import.crs")} hint={t("import.crs_hint")} value={crs} set={setCrs} />
        <TextInput label={t("import.id")} value={id} set={setId} />
        <TextInput label={t("import.decision")} value={decision} set={setDecision} />
        <Check label={t("import.replace")} value={replace} set={setReplace} />
        <Check label={t("import.public")} value={shared} set={setShared} />
        <ProblemNote problem={sending.problem} />
        <div class="buttons">
          <Button main busy={sending.busy}>
            {t("import.start")}
          </Button>
        </div>
      </form>
    </section>
  );
}
