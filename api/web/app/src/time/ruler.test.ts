import { describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE } from "../format/time";
import { fractionOf, momentAt, settle, snapTo, stepFrom, stepOf, ticksOf, windowFor } from "./ruler";

/** 23/11/2026 19:42 in Viet Nam. */
const NOW = Date.UTC(2026, 10, 23, 12, 42);
const LENGTH = 36 * HOUR;

describe("the window", () => {
  it("shows 24 hours back and 12 ahead of now", () => {
    expect(windowFor(NOW, null, LENGTH)).toEqual({ start: NOW - 24 * HOUR, end: NOW + 12 * HOUR });
  });

  it("stays with now while the cursor is inside it", () => {
    expect(windowFor(NOW, NOW - 20 * HOUR, LENGTH)).toEqual(windowFor(NOW, null, LENGTH));
  });

  it("goes with the cursor outside it", () => {
    const past = NOW - 36 * DAY;
    expect(windowFor(NOW, past, LENGTH)).toEqual({ start: past - 24 * HOUR, end: past + 12 * HOUR });
  });

  it("turns places into moments and back", () => {
    const span = windowFor(NOW, null, LENGTH);
    expect(fractionOf(span, NOW)).toBeCloseTo(2 / 3, 12);
    expect(momentAt(span, 0.25)).toBe(NOW - 15 * HOUR);
    expect(momentAt(span, fractionOf(span, NOW - 7 * MINUTE))).toBeCloseTo(NOW - 7 * MINUTE, 0);
  });
});

describe("a step", () => {
  it("is half an hour on the usual ruler, a day on a year's", () => {
    expect(stepOf(LENGTH)).toBe(30 * MINUTE);
    expect(stepOf(30 * DAY)).toBe(12 * HOUR);
    expect(stepOf(366 * DAY)).toBe(7 * DAY);
  });

  it("lands on round times of the local clock", () => {
    expect(stepFrom(NOW, 30 * MINUTE, 1)).toBe(NOW + 18 * MINUTE);
    expect(stepFrom(NOW, 30 * MINUTE, -1)).toBe(NOW - 12 * MINUTE);
    const midnight = Date.UTC(2026, 10, 23, 17);
    expect(stepFrom(NOW, DAY, 1)).toBe(midnight);
    expect(snapTo(midnight + 5 * HOUR, DAY)).toBe(midnight);
  });

  it("always moves, also from a round time", () => {
    const round = Date.UTC(2026, 10, 23, 12, 30);
    expect(stepFrom(round, 30 * MINUTE, 1)).toBe(round + 30 * MINUTE);
    expect(stepFrom(round, 30 * MINUTE, -1)).toBe(round - 30 * MINUTE);
  });
});

describe("ticks", () => {
  it("name the hours, and the day at midnight", () => {
    const ticks = ticksOf(windowFor(NOW, null, LENGTH), 62 / 800);
    expect(ticks.map((tick) => tick.label)).toEqual([
      "21:00",
      "23/11",
      "03:00",
      "06:00",
      "09:00",
      "12:00",
      "15:00",
      "18:00",
      "21:00",
      "24/11",
      "03:00",
      "06:00",
    ]);
    expect(ticks.filter((tick) => tick.strong).map((tick) => tick.label)).toEqual(["23/11", "24/11"]);
  });

  it("name years on a ruler of ten years", () => {
    const ticks = ticksOf(windowFor(NOW, null, 3660 * DAY), 62 / 800);
    expect(ticks.slice(0, 3).map((tick) => tick.label)).toEqual(["2021", "2022", "2023"]);
  });

  it("are never closer than asked", () => {
    for (const length of [3 * HOUR, 12 * HOUR, 36 * HOUR, 7 * DAY, 30 * DAY, 366 * DAY, 3660 * DAY]) {
      const span = windowFor(NOW, null, length);
      const places = ticksOf(span, 62 / 800).map((tick) => fractionOf(span, tick.time));
      const gaps = places.slice(1).map((place, index) => place - (places[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThan((62 / 800) * 0.9);
    }
  });
});

describe("settling a moment", () => {
  const known = { start: 0, end: 100 };

  it("gives the last change not after it, so that moments between share it", () => {
    expect(settle(35, [10, 30, 60], known)).toBe(30);
    expect(settle(59, [10, 30, 60], known)).toBe(30);
    expect(settle(60, [10, 30, 60], known)).toBe(60);
  });

  it("gives the beginning of what is known before the first change", () => {
    expect(settle(5, [10, 30], known)).toBe(0);
  });

  it("leaves a moment alone where changes are not known", () => {
    expect(settle(500, [10, 30], known)).toBe(500);
    expect(settle(35, [10], null)).toBe(35);
  });
});
