import { describe, expect, it } from "vitest";
import type { SeriesPoint } from "../api/types";
import { legendText } from "./legend";
import { columns, summaryOf, withPoint } from "./series";

const points: SeriesPoint[] = [
  [0, 1, 0.5, 2, 3],
  [1000, null, null, null, 0],
  [2000, 3, 2, 7, 4],
];

describe("a series", () => {
  it("is summed up by its true extremes, not its means", () => {
    expect(summaryOf(points)).toEqual({ least: 0.5, greatest: 7, last: 3 });
    expect(summaryOf([])).toEqual({ least: null, greatest: null, last: null });
  });

  it("takes a new reading at its place, also a late one, and replaces one of the same time", () => {
    expect(withPoint(points, 3000, 9).at(-1)).toEqual([3000, 9, 9, 9, 1]);
    expect(withPoint(points, 1500, 9).map(([time]) => time)).toEqual([0, 1000, 1500, 2000]);
    expect(withPoint(points, 2000, 9).at(-1)).toEqual([2000, 9, 9, 9, 1]);
  });

  it("has a hole where nothing came for too long", () => {
    const [times, mean] = columns(
      [
        [0, 1, 1, 1, 1],
        [10_000, 2, 2, 2, 1],
      ],
      5000,
    );
    expect(times).toEqual([0, 5, 10]);
    expect(mean).toEqual([1, null, 2]);
    expect(
      columns(
        [
          [0, 1, 1, 1, 1],
          [4000, 2, 2, 2, 1],
        ],
        5000,
      )[1],
    ).toEqual([1, 2]);
  });
});

describe("a legend's label", () => {
  it.each([
    ["0,05–0,2 m · mắt cá chân", "mắt cá chân", "0,05–0,2 m"],
    ["Mắt cá chân (0,05–0,2 m)", "Mắt cá chân", "0,05–0,2 m"],
    ["Tắt (vòng rỗng)", "Tắt (vòng rỗng)", ""],
    ["Đang sáng", "Đang sáng", ""],
  ])("%s is parted into words and numbers", (label, words, range) => {
    expect(legendText(label)).toEqual({ words, range });
  });
});
