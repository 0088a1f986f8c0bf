/** The form a citizen fills in on a phone: what, where, a photo, a few words. */

import { useState } from "preact/hooks";
import { reports, type ReportReceipt } from "../../api/cases";
import { formatNumber } from "../../format/number";
import { lang, pick, t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { Check, TextArea, TextInput } from "../../ui/Field";
import { Button, ProblemNote } from "../../ui/Notes";
import { Failed, Loading } from "../../ui/States";
import { Photos, type Photo } from "./Photos";
import { PlacePicker, type Place } from "./PlacePicker";
import { Receipt } from "./Receipt";

interface Wrong {
  category?: string;
  place?: string;
  text?: string;
}

export function ReportForm() {
  const known = useReading((signal) => reports.categories(signal), []);
  const [category, setCategory] = useState("");
  const [place, setPlace] = useState<Place | null>(null);
  const [photos, setPhotos] = useState<Photo[]>([]);
  const [text, setText] = useState("");
  const [contact, setContact] = useState("");
  const [danger, setDanger] = useState(false);
  const [wrong, setWrong] = useState<Wrong>({});
  const [receipt, setReceipt] = useState<ReportReceipt | null>(null);
  const sending = useSending();

  const submit = async (): Promise<void> => {
    const problems: Wrong = {};
    if (!category) problems.category = t("report.need_category");
    if (!place) problems.place = t("report.need_place");
    if (text.trim() === "") problems.text = t("report.need_text");
    setWrong(problems);
    if (!place || Object.keys(problems).length > 0) {
      requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-wrong]")?.scrollIntoView());
      return;
    }
    const form = new FormData();
    form.set("category", category);
    form.set("text", text.trim().normalize("NFC"));
    form.set("lon", String(place.lon));
    form.set("lat", String(place.lat));
    for (const photo of photos) form.append("photo", photo.file, photo.file.name);
    if (danger) form.set("danger", "true");
    if (contact.trim()) form.set("contact", contact.trim());
    const made = await sending.run(() => reports.send(form));
    if (!made) return;
    setReceipt(made);
    scrollTo(0, 0);
  };

  if (receipt) {
    return (
      <Receipt
        receipt={receipt}
        another={() => {
          setReceipt(null);
          setCategory("");
          setPlace(null);
          setPhotos([]);
          setText("");
          setDanger(false);
        }}
      />
    );
  }
  const categories = known.data?.categories;
  if (!categories) {
    return known.problem ? <Failed problem={known.problem} retry={known.reload} /> : <Loading rows={5} />;
  }
  const stored = photos.find((photo) => photo.place !== null)?.place ?? null;
  return (
    <form
      class="form report"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!sending.busy) void submit();
      }}
    >
      <fieldset>
        <legend>{t("report.what")}</legend>
        <div class="tiles">
          {categories.map((one) => (
            <label class="tile" key={one.value}>
              <input
                type="radio"
                name="category"
                value={one.value}
                checked={category === one.value}
                onChange={() => setCategory(one.value)}
              />
              <span>
                {pick(one.title, one.title_en)}
                {one.days !== null && (
                  <small>{t("report.days", { n: formatNumber(one.days, lang.value) })}</small>
                )}
              </span>
            </label>
          ))}
        </div>
        <Missing text={wrong.category} />
      </fieldset>
      <fieldset>
        <legend>{t("report.where")}</legend>
        <PlacePicker place={place} set={setPlace} stored={stored} />
        <Missing text={wrong.place} />
      </fieldset>
      <fieldset>
        <legend>{t("report.photos")}</legend>
        <Photos photos={photos} set={setPhotos} />
      </fieldset>
      <TextArea label={t("report.text")} hint={t("report.text_hint")} value={text} set={setText} rows={4} />
      <Missing text={wrong.text} />
      <Check label={t("report.danger")} value={danger} set={setDanger} />
      <TextInput
        label={t("report.contact")}
        hint={t("report.contact_hint")}
        value={contact}
        set={setContact}
        autocomplete="tel"
      />
      {sending.problem?.status === 0 ? (
        <div class="note note--look" role="alert">
          <p>{t("report.offline")}</p>
        </div>
      ) : (
        <ProblemNote problem={sending.problem} />
      )}
      <div class="buttons report__send">
        <Button main busy={sending.busy}>
          {t("report.send")}
        </Button>
      </div>
    </form>
  );
}

function Missing({ text }: { text: string | undefined }) {
  if (!text) return null;
  return (
    <p class="missing" role="alert" data-wrong>
      {text}
    </p>
  );
}
