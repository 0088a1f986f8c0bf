/** A place by tapping the map, by the phone's position, from a photo, or typed. */

import { useState } from "preact/hooks";
import { formatLonLat } from "../../format/number";
import { SmallMap } from "../../map/SmallMap";
import { lang, t } from "../../state/preferences";
import { TextInput } from "../../ui/Field";
import { Button } from "../../ui/Notes";

export interface Place {
  lon: number;
  lat: number;
  /** Of a measured position. [m] */
  accuracy?: number;
}

interface Props {
  place: Place | null;
  set: (place: Place) => void;
  /** Where a photo says it was taken. */
  stored: Place | null;
}

const PATIENCE_MS = 15_000;

export function PlacePicker({ place, set, stored }: Props) {
  const [finding, setFinding] = useState(false);
  const [failed, setFailed] = useState(false);
  const find = (): void => {
    setFinding(true);
    setFailed(false);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setFinding(false);
        set({ lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy });
      },
      () => {
        setFinding(false);
        setFailed(true);
      },
      { enableHighAccuracy: true, timeout: PATIENCE_MS },
    );
  };
  return (
    <>
      <div class="buttons buttons--first">
        <Button busy={finding} onClick={find}>
          {t(finding ? "report.here_busy" : "report.here")}
        </Button>
        {stored && <Button onClick={() => set(stored)}>{t("report.exif")}</Button>}
      </div>
      {failed && (
        <p class="muted" role="alert">
          {t("report.here_failed")}
        </p>
      )}
      <p class="field__hint">{t("form.place_tap")}</p>
      <SmallMap label={t("report.where")} place={place} onTap={(lon, lat) => set({ lon, lat })} />
      <p role="status" class="num">
        {place
          ? t("form.place_is", { place: formatLonLat(place.lon, place.lat, lang.value) })
          : t("form.place_none")}
      </p>
      {place?.accuracy !== undefined && (
        <p class="muted">{t("report.here_accuracy", { m: Math.ceil(place.accuracy) })}</p>
      )}
      <details>
        <summary>{t("form.coordinates")}</summary>
        <Typed place={place} set={set} />
      </details>
    </>
  );
}

function Typed({ place, set }: { place: Place | null; set: (place: Place) => void }) {
  const [lon, setLon] = useState("");
  const [lat, setLat] = useState("");
  const put = (x: string, y: string): void => {
    const [a, b] = [x, y].map((text) => Number(text.trim().replace(",", ".")));
    if (x.trim() === "" || y.trim() === "" || a === undefined || b === undefined) return;
    if (Number.isFinite(a) && Number.isFinite(b) && Math.abs(a) <= 180 && Math.abs(b) <= 90)
      set({ lon: a, lat: b });
  };
  return (
    <div class="typed">
      <TextInput
        label={t("form.lat")}
        inputmode="decimal"
        value={lat || (place ? place.lat.toFixed(6) : "")}
        set={(text) => {
          setLat(text);
          put(lon || (place ? String(place.lon) : ""), text);
        }}
      />
      <TextInput
        label={t("form.lon")}
        inputmode="decimal"
        value={lon || (place ? place.lon.toFixed(6) : "")}
        set={(text) => {
          setLon(text);
          put(text, lat || (place ? String(place.lat) : ""));
        }}
      />
    </div>
  );
}
