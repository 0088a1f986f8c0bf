/** Patterns and point shapes, drawn when the map first asks for them. */

import type { Pattern, PointShape } from "../api/types";

const PATTERN_PREFIX = "pattern:";
const ICON_PREFIX = "icon:";

export function patternName(pattern: Pattern, colour: string): string {
  return `${PATTERN_PREFIX}${pattern}:${colour}`;
}

export function iconName(shape: PointShape): string {
  return ICON_PREFIX + shape;
}

export interface Picture {
  image: ImageData;
  pixelRatio: number;
  sdf: boolean;
}

const SIZE = 16;

/** The picture of that name, or null where the name is not one of ours. */
export function pictureOf(name: string): Picture | null {
  if (name.startsWith(PATTERN_PREFIX)) {
    const [, pattern, colour] = name.split(":");
    if (!pattern || !colour) return null;
    return { image: drawPattern(pattern as Pattern, colour), pixelRatio: 2, sdf: false };
  }
  if (name.startsWith(ICON_PREFIX)) {
    return { image: drawIcon(name.slice(ICON_PREFIX.length)), pixelRatio: 2, sdf: true };
  }
  return null;
}

function sheet(size: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser has no 2-D canvas");
  return context;
}

/** Segments of one pattern cell, repeated at its edges so that it tiles. */
export function patternLines(pattern: Pattern): [number, number, number, number][] {
  const rising: [number, number, number, number][] = [-1, 0, 1].map((k) => [
    k * SIZE,
    SIZE,
    (k + 1) * SIZE,
    0,
  ]);
  const falling: [number, number, number, number][] = [-1, 0, 1].map((k) => [
    k * SIZE,
    0,
    (k + 1) * SIZE,
    SIZE,
  ]);
  const half = rising.map(
    ([x0, y0, x1, y1]) => [x0 + SIZE / 2, y0, x1 + SIZE / 2, y1] as [number, number, number, number],
  );
  if (pattern === "hatch") return rising;
  if (pattern === "hatch_back") return falling;
  if (pattern === "cross") return [...rising, ...falling];
  if (pattern === "dense") return [...rising, ...half];
  if (pattern === "grid") {
    return [
      [0, SIZE / 2, SIZE, SIZE / 2],
      [SIZE / 2, 0, SIZE / 2, SIZE],
    ];
  }
  return [];
}

function drawPattern(pattern: Pattern, colour: string): ImageData {
  const pen = sheet(SIZE);
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 2;
  for (const [x0, y0, x1, y1] of patternLines(pattern)) {
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }
  if (pattern === "dots") {
    for (const [x, y] of [
      [4, 4],
      [12, 12],
    ] as const) {
      pen.beginPath();
      pen.arc(x, y, 2, 0, 2 * Math.PI);
      pen.fill();
    }
  }
  return pen.getImageData(0, 0, SIZE, SIZE);
}

const ICON_SIZE = 64;
const ICON_RADIUS = 22;

/** Corners of a shape around the middle of its picture. */
export function corners(shape: string): [number, number][] {
  const r = ICON_RADIUS;
  if (shape === "square") {
    return [
      [-r * 0.82, -r * 0.82],
      [r * 0.82, -r * 0.82],
      [r * 0.82, r * 0.82],
      [-r * 0.82, r * 0.82],
    ];
  }
  if (shape === "diamond") {
    return [
      [0, -r],
      [r, 0],
      [0, r],
      [-r, 0],
    ];
  }
  return [
    [0, -r],
    [r * 0.95, r * 0.75],
    [-r * 0.95, r * 0.75],
  ];
}

/** A signed-distance picture: alpha is 192 on the edge, falling by one level per eighth of a pixel. */
function drawIcon(shape: string): ImageData {
  const pen = sheet(ICON_SIZE);
  const image = pen.createImageData(ICON_SIZE, ICON_SIZE);
  const points = corners(shape);
  const middle = ICON_SIZE / 2;
  for (let y = 0; y < ICON_SIZE; y += 1) {
    for (let x = 0; x < ICON_SIZE; x += 1) {
      const distance = signedDistance(x + 0.5 - middle, y + 0.5 - middle, points);
      image.data[(y * ICON_SIZE + x) * 4 + 3] = Math.max(0, Math.min(255, 192 - distance * 16));
    }
  }
  return image;
}

/** Distance to a polygon's edge, negative inside. */
export function signedDistance(x: number, y: number, points: readonly [number, number][]): number {
  let nearest = Infinity;
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i, i += 1) {
    const [ax, ay] = points[j] ?? [0, 0];
    const [bx, by] = points[i] ?? [0, 0];
    const along = Math.max(
      0,
      Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)),
    );
    nearest = Math.min(nearest, Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)));
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside ? -nearest : nearest;
}
