/** The planning answer on paper: issued for the place and moment looked at, then saved as a file. */

import { timeParams } from "../api/client";
import { documents } from "../api/work";
import { selection } from "../state/city";
import { settledMoment } from "../state/clock";
import { t } from "../state/preferences";
import { useSending } from "../state/reading";
import { Button, ProblemNote } from "../ui/Notes";

export function Extract() {
  const sending = useSending();
  const place = selection.value;
  if (!place) return null;
  const issue = async (): Promise<void> => {
    const { at, known_at } = timeParams(settledMoment.peek());
    const made = await sending.run(async () => {
      const issued = await documents.issue({
        template: "planning_extract",
        inputs: { lon: place.lon, lat: place.lat },
        ...(typeof at === "string" && { at }),
        ...(typeof known_at === "string" && { known_at }),
      });
      return { issued, file: await documents.file(issued) };
    });
    if (made) save(made.file, `${made.issued.template}-${made.issued.id}.pdf`);
  };
  return (
    <div class="plan__extract">
      <Button small busy={sending.busy} working={t("plan.extract_busy")} onClick={() => void issue()}>
        {t("plan.extract")}
      </Button>
      <ProblemNote problem={sending.problem} />
    </div>
  );
}

function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
