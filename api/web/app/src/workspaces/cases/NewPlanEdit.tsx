/** Proposing other attributes for a feature that was chosen on the map. */

import { useState } from "preact/hooks";
import { api, isoTime } from "../../api/client";
import { cases } from "../../api/cases";
import type { FeatureDetail, Json } from "../../api/types";
import { parseDateTime } from "../../format/time";
import { middleOf } from "../../map/middle";
import { Frame } from "../../shell/Frame";
import { go } from "../../shell/router";
import { t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { TextArea, TextInput } from "../../ui/Field";
import { Button, Note, ProblemNote } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { Facts } from "../../ui/Table";

const NOW = { at: null, knownAt: null };

export function NewPlanEdit({ layer, fid }: { layer: string; fid: string }) {
  const reading = useReading((signal) => api.feature(NOW, layer, fid, signal), [layer, fid]);
  return (
    <Frame title={t("plan.edit")}>
      <header class="pagehead">
        <h1>{t("plan.edit")}</h1>
        <p>{t("plan.edit_lead")}</p>
      </header>
      {reading.data ? (
        <EditForm feature={reading.data} />
      ) : reading.problem ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : (
        <Loading rows={5} />
      )}
    </Frame>
  );
}

const written = (value: Json | undefined): string =>
  value === null || value === undefined
    ? ""
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);

function EditForm({ feature }: { feature: FeatureDetail }) {
  const original = feature.properties;
  const [draft, setDraft] = useState<Record<string, string>>({});
  const [decision, setDecision] = useState("");
  const [reason, setReason] = useState("");
  const [from, setFrom] = useState("");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const sending = useSending();

  const submit = async (): Promise<void> => {
    const problems: Record<string, string> = {};
    const properties = changed(original, draft);
    const start = from.trim() === "" ? null : parseDateTime(from);
    if (from.trim() !== "" && start === null) problems.from = t("form.time");
    if (properties === null) problems.form = t("form.number");
    else if (Object.keys(properties).length === 0) problems.form = t("plan.edit_none");
    if (reason.trim() === "") problems.reason = t("form.missing");
    setWrong(problems);
    if (Object.keys(problems).length > 0) return;
    const place = feature.geometry ? middleOf(feature.geometry) : null;
    const made = await sending.run(() =>
      cases.open({
        kind: "plan_edit",
        body: {
          layer: feature.layer,
          changes: [
            {
              fid: feature.fid,
              geometry: null,
              properties,
              valid_from: start === null ? null : isoTime(start),
              valid_to: null,
            },
          ],
          ...(decision.trim() ? { decision: decision.trim() } : {}),
          reason: reason.trim(),
          ...(feature.known_at ? { known_at: feature.known_at } : {}),
        },
        ...(place ? { lon: place[0], lat: place[1] } : {}),
      }),
    );
    if (made) go(`cases/${encodeURIComponent(made.id)}`, true);
  };

  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!sending.busy) void submit();
      }}
    >
      <Facts
        pairs={[
          [t("plan.edit_layer"), feature.layer_title],
          [t("plan.edit_feature"), feature.title || feature.fid],
        ]}
      />
      <fieldset class="form">
        <legend>{t("plan.edit_attributes")}</legend>
        {Object.entries(original).map(([name, value]) => (
          <TextInput
            key={name}
            label={name}
            value={draft[name] ?? written(value)}
            set={(text) => setDraft({ ...draft, [name]: text })}
          />
        ))}
      </fieldset>
      {wrong.form && <Note tone="look">{wrong.form}</Note>}
      <TextInput
        label={t("plan.edit_valid")}
        hint={t("plan.edit_valid_hint")}
        value={from}
        set={setFrom}
        error={wrong.from}
      />
      <TextInput label={t("plan.edit_decision")} value={decision} set={setDecision} />
      <TextArea
        label={t("plan.edit_reason")}
        value={reason}
        set={setReason}
        rows={3}
        required
        error={wrong.reason}
      />
      <ProblemNote problem={sending.problem} />
      <div class="buttons">
        <Button main busy={sending.busy}>
          {t("plan.edit_send")}
        </Button>
        <Button onClick={() => history.back()}>{t("form.cancel")}</Button>
      </div>
    </form>
  );
}

/** What was typed over, as the type it had; null if a number is none. */
export function changed(
  original: Record<string, Json>,
  draft: Record<string, string>,
): Record<string, Json> | null {
  const result: Record<string, Json> = {};
  for (const [name, typed] of Object.entries(draft)) {
    const before = original[name] ?? null;
    if (typed.trim() === written(before)) continue;
    if (typed.trim() === "") result[name] = null;
    else if (typeof before === "number") {
      const number = Number(typed.replace(/[\s\u202f]/g, "").replace(",", "."));
      if (!Number.isFinite(number)) return null;
      result[name] = number;
    } else if (typeof before === "boolean") result[name] = typed.trim() === "true";
    else result[name] = typed.trim().normalize("NFC");
  }
  return result;
}
