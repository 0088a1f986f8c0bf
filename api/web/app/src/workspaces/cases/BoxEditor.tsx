/** Boxes over a photo: drawn with a pointer, moved with the arrow keys, resized with Shift, removed with Delete. */

import { useRef, useState } from "preact/hooks";
import type { PhotoBox } from "../../api/cases";
import { t } from "../../state/preferences";
import { Button } from "../../ui/Notes";
import { moved, resized, spanned } from "./boxes";

interface Props {
  source: string;
  label: string;
  width: number;
  height: number;
  boxes: readonly PhotoBox[];
  set: (boxes: readonly PhotoBox[]) => void;
}

const STEP = 0.01;
/** Smaller than this a drag was a click. */
const LEAST = 0.01;
const MIDDLE: PhotoBox = { x: 0.4, y: 0.4, w: 0.2, h: 0.2, what: "" };
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

export function BoxEditor({ source, label, width, height, boxes, set }: Props) {
  const area = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<PhotoBox | null>(null);
  const start = useRef<[number, number] | null>(null);
  const at = (event: PointerEvent): [number, number] => {
    const box = area.current?.getBoundingClientRect();
    if (!box) return [0, 0];
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const replace = (index: number, next: PhotoBox | null): void =>
    set(boxes.flatMap((box, n) => (n !== index ? [box] : next ? [next] : [])));
  return (
    <>
      <div
        class="boxes"
        ref={area}
        style={{ aspectRatio: `${width} / ${height}` }}
        onPointerDown={(event) => {
          if (event.target instanceof HTMLButtonElement) return;
          start.current = at(event);
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (start.current) setDrawn(spanned(start.current, at(event)));
        }}
        onPointerUp={(event) => {
          if (start.current) {
            const box = spanned(start.current, at(event));
            if (box.w >= LEAST && box.h >= LEAST) set([...boxes, box]);
          }
          start.current = null;
          setDrawn(null);
        }}
        onPointerCancel={() => {
          start.current = null;
          setDrawn(null);
        }}
      >
        <img src={source} alt={label} draggable={false} />
        {boxes.map((box, index) => (
          <button
            key={index}
            type="button"
            class="boxes__box"
            style={place(box)}
            aria-label={t(
              box.what === "face" ? "photo.face" : box.what === "plate" ? "photo.plate" : "photo.box",
              {
                n: index + 1,
              },
            )}
            onKeyDown={(event) => {
              const step = ARROWS[event.key];
              if (step) {
                event.preventDefault();
                replace(index, event.shiftKey ? resized(box, ...step) : moved(box, ...step));
              } else if (event.key === "Delete" || event.key === "Backspace") replace(index, null);
            }}
            onDblClick={() => replace(index, null)}
          />
        ))}
        {drawn && <span class="boxes__box boxes__box--new" style={place(drawn)} />}
      </div>
      <div class="buttons buttons--first">
        <Button small onClick={() => set([...boxes, MIDDLE])}>
          {t("photo.add_box")}
        </Button>
        {boxes.length > 0 && (
          <Button small onClick={() => set(boxes.slice(0, -1))}>
            {t("photo.remove_box")}
          </Button>
        )}
      </div>
    </>
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

function place({ x, y, w, h }: PhotoBox): Record<string, string> {
  return { left: percent(x), top: percent(y), width: percent(w), height: percent(h) };
}
