/** Photos of a report before they are shown: what must be covered is drawn over them, and an officer answers for it. */

import { useState } from "preact/hooks";
import {
  cases,
  reports,
  type CaseDetail,
  type LogEntry,
  type PhotoBox,
  type ReportPhoto,
} from "../../api/cases";
import { address, ProblemError } from "../../api/http";
import { t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { role } from "../../state/viewer";
import { Button, Note, ProblemNote, Tag } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { BoxEditor } from "./BoxEditor";
import { EntryList } from "./Log";

interface Props {
  held: CaseDetail;
  put: (next: CaseDetail) => void;
  reload: () => void;
}

export function PhotoReview({ held, put, reload }: Props) {
  const reading = useReading((signal) => reports.photos(held.code, signal), [held.code, held.version]);
  const photos = reading.data?.photos;
  if (photos?.length === 0) return null;
  return (
    <section class="part">
      <h3>{t("report.photos")}</h3>
      {photos ? (
        photos.map((photo) => (
          <OnePhoto key={photo.photo} photo={photo} held={held} put={put} reload={reload} />
        ))
      ) : reading.problem ? (
        <Failed problem={reading.problem} retry={reading.reload} />
      ) : (
        <Loading rows={2} />
      )}
    </section>
  );
}

function OnePhoto({ photo, held, put, reload }: Props & { photo: ReportPhoto }) {
  const [boxes, setBoxes] = useState<readonly PhotoBox[]>(photo.boxes);
  const [faster, setFaster] = useState<LogEntry[] | null>(null);
  const sending = useSending();
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    setFaster(null);
    const next = await sending.run(async () => {
      try {
        await work();
      } catch (caught) {
        if (!(caught instanceof ProblemError) || !caught.problem.changed) throw caught;
        setFaster(caught.problem.changed);
        reload();
        return null;
      }
      return cases.one(held.id);
    });
    if (next) put(next);
  };
  // An image cannot send the header that names the role.
  const source = address(photo.url, role.value === null ? {} : { as: role.value });
  return (
    <div class="review">
      <p>
        <span class="num">{t("photo.number", { n: photo.photo })}</span>{" "}
        <Tag tone={photo.published ? "good" : "look"}>
          {t(photo.published ? "photo.published" : "photo.hidden")}
        </Tag>
      </p>
      <BoxEditor
        source={source}
        label={t("photo.number", { n: photo.photo })}
        width={photo.width}
        height={photo.height}
        boxes={boxes}
        set={setBoxes}
      />
      <p class="muted">{t("photo.hint")}</p>
      {faster && (
        <Note tone="look">
          <p>
            <strong>{t("cases.faster")}</strong>
          </p>
          <p>{t("photo.faster")}</p>
          <EntryList entries={faster} kind={null} />
        </Note>
      )}
      <ProblemNote problem={sending.problem} />
      <div class="buttons buttons--first">
        <Button
          small
          busy={sending.busy}
          onClick={() => void act(() => reports.publish(held.code, photo.photo, held.version, boxes))}
        >
          {t(photo.published ? "photo.publish_again" : "photo.publish")}
        </Button>
        {photo.published && (
          <Button
            small
            danger
            busy={sending.busy}
            onClick={() => void act(() => reports.withdraw(held.code, photo.photo, held.version))}
          >
            {t("photo.withdraw")}
          </Button>
        )}
      </div>
    </div>
  );
}
