import { expect, it } from "vitest";
import type { LayerInfo } from "../api/types";
import { HOUR, MINUTE } from "../format/time";
import { nextStop } from "./play";

const NOW = Date.UTC(2026, 10, 23, 12, 42);
const flood = {
  kind: "raster",
  times: ["2005-01-08T00:00:00Z", "2005-01-08T00:20:00Z", "2005-01-08T01:00:00Z"],
} as LayerInfo;

it("goes from grid to grid of a simulation, then stops", () => {
  const first = Date.UTC(2005, 0, 8);
  expect(nextStop(first, 36 * HOUR, NOW, [flood])).toBe(first + 20 * MINUTE);
  expect(nextStop(first + 20 * MINUTE, 36 * HOUR, NOW, [flood])).toBe(first + HOUR);
  expect(nextStop(first + HOUR, 36 * HOUR, NOW, [flood])).toBeNull();
});

it("goes by the ruler's step elsewhere, and stops at now", () => {
  const from = Date.UTC(2026, 10, 23, 12, 0);
  expect(nextStop(from, 36 * HOUR, NOW, [])).toBe(from + 30 * MINUTE);
  expect(nextStop(from + 30 * MINUTE, 36 * HOUR, NOW, [])).toBeNull();
});
