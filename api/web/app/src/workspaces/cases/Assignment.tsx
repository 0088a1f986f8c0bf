/** Who has the case. */

import { useState } from "preact/hooks";
import { cases, type CaseDetail } from "../../api/cases";
import { people } from "../../api/people";
import { t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { session } from "../../state/viewer";
import { Select } from "../../ui/Field";
import { Button, ProblemNote } from "../../ui/Notes";

interface Props {
  held: CaseDetail;
  put: (next: CaseDetail) => void;
  reload: () => void;
}

export function Assignment({ held, put, reload }: Props) {
  const me = session.data.value?.viewer.person ?? "";
  const sending = useSending();
  const [choosing, setChoosing] = useState(false);
  const [person, setPerson] = useState("");
  const known = useReading(choosing ? (signal) => people.list(signal) : null, [choosing]);
  const give = async (to: string | null): Promise<void> => {
    const next = await sending.run(async () => {
      await cases.assign(held.id, to, held.version);
      return cases.one(held.id);
    });
    setChoosing(false);
    if (next) put(next);
    else reload();
  };
  return (
    <section class="part">
      <h3>{t("cases.assigned")}</h3>
      <p>{held.assigned?.name ?? t("cases.nobody")}</p>
      {choosing && (
        <div class="bar">
          <Select
            label={t("cases.assign_to")}
            value={person}
            set={setPerson}
            options={[
              { value: "", title: t("form.choose") },
              ...(known.data?.people ?? []).map((one) => ({ value: one.id, title: one.name })),
            ]}
          />
          <Button
            busy={sending.busy || known.busy}
            blocked={person === "" ? t("form.choose") : undefined}
            onClick={() => void give(person)}
          >
            {t("cases.assign")}
          </Button>
        </div>
      )}
      <ProblemNote problem={known.problem ?? sending.problem} />
      <div class="buttons buttons--first">
        {me !== "" && held.assigned?.person !== me && (
          <Button small busy={sending.busy} onClick={() => void give(me)}>
            {t("cases.assign_me")}
          </Button>
        )}
        {held.assigned && (
          <Button small busy={sending.busy} onClick={() => void give(null)}>
            {t("cases.release")}
          </Button>
        )}
        {!choosing && (
          <Button small onClick={() => setChoosing(true)}>
            {t("cases.assign_to")}
          </Button>
        )}
      </div>
    </section>
  );
}
