/** Photos of a report: a few, each with a preview and a way to take it back. */

import { useEffect, useRef } from "preact/hooks";
import { t } from "../../state/preferences";
import { Button } from "../../ui/Notes";
import { Icon } from "../../ui/Icon";
import { placeInJpeg, type StoredPlace } from "./exif";

export interface Photo {
  file: File;
  url: string;
  place: StoredPlace | null;
}

const MOST = 5;
/** EXIF stands at the beginning of a file. [bytes] */
const HEAD = 256 * 1024;

export function Photos({ photos, set }: { photos: Photo[]; set: (photos: Photo[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const held = useRef(photos);
  held.current = photos;
  useEffect(
    () => () => {
      for (const photo of held.current) URL.revokeObjectURL(photo.url);
    },
    [],
  );
  const add = async (files: FileList | null): Promise<void> => {
    const chosen = [...(files ?? [])].slice(0, MOST - photos.length);
    const made = await Promise.all(
      chosen.map(async (file) => ({
        file,
        url: URL.createObjectURL(file),
        place: placeInJpeg(await file.slice(0, HEAD).arrayBuffer()),
      })),
    );
    set([...held.current, ...made]);
  };
  return (
    <>
      <p class="field__hint">{t("report.photos_hint")}</p>
      <ul class="photos">
        {photos.map((photo) => (
          <li key={photo.url}>
            <img src={photo.url} alt={photo.file.name} />
            <button
              class="tool"
              type="button"
              aria-label={t("report.photo_remove", { name: photo.file.name })}
              onClick={() => {
                URL.revokeObjectURL(photo.url);
                set(photos.filter((one) => one !== photo));
              }}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <input
        ref={input}
        class="vh"
        type="file"
        accept="image/jpeg,image/png"
        multiple
        tabIndex={-1}
        aria-label={t("report.photo_add")}
        onChange={(event) => {
          void add(event.currentTarget.files).then(() => {
            if (input.current) input.current.value = "";
          });
        }}
      />
      {photos.length < MOST && (
        <div class="buttons buttons--first">
          <Button onClick={() => input.current?.click()}>{t("report.photo_add")}</Button>
        </div>
      )}
    </>
  );
}
