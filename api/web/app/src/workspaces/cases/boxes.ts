/** Boxes in shares of a photo's width and height, always within it. */

import type { PhotoBox } from "../../api/cases";

const LEAST = 0.01;
const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** The box between two corners, in any order. */
export function spanned([x1, y1]: [number, number], [x2, y2]: [number, number]): PhotoBox {
  const [left, right] = [x1, x2].map((x) => within(x, 0, 1)).sort((a, b) => a - b) as [number, number];
  const [top, bottom] = [y1, y2].map((y) => within(y, 0, 1)).sort((a, b) => a - b) as [number, number];
  return { x: left, y: top, w: right - left, h: bottom - top, what: "" };
}

export function moved(box: PhotoBox, dx: number, dy: number): PhotoBox {
  return { ...box, x: within(box.x + dx, 0, 1 - box.w), y: within(box.y + dy, 0, 1 - box.h) };
}

export function resized(box: PhotoBox, dw: number, dh: number): PhotoBox {
  return { ...box, w: within(box.w + dw, LEAST, 1 - box.x), h: within(box.h + dh, LEAST, 1 - box.y) };
}
