import { describe, expect, it } from "vitest";
import { formatArea, formatDistance, formatNumber } from "./number";
import { DAY, HOUR, MINUTE, formatAge, formatDateTime, formatSpan, parseDateTime } from "./time";

const THIN = "\u202f";

describe("numbers", () => {
  it("have a decimal comma in Vietnamese and a point in English", () => {
    expect(formatNumber(3.42, "vi")).toBe("3,42");
    expect(formatNumber(3.42, "en")).toBe("3.42");
  });

  it("are grouped by thin spaces from five figures on", () => {
    expect(formatNumber(1932, "vi", 0)).toBe("1932");
    expect(formatNumber(13116, "vi", 0)).toBe(`13${THIN}116`);
    expect(formatNumber(1234567.8, "vi", 1)).toBe(`1${THIN}234${THIN}567,8`);
  });

  it("show no more decimals than there are, and three figures or so", () => {
    expect(formatNumber(5, "vi")).toBe("5");
    expect(formatNumber(0.18, "vi")).toBe("0,18");
    expect(formatNumber(80.50016784, "vi")).toBe("80,5");
    expect(formatNumber(1003.14159, "vi")).toBe("1003,1");
  });

  it("write a true minus, and none before zero", () => {
    expect(formatNumber(-0.38, "vi")).toBe("\u22120,38");
    expect(formatNumber(-0.001, "vi", 1)).toBe("0,0");
  });

  it("that are none are a dash", () => {
    expect(formatNumber(NaN, "vi")).toBe("–");
    expect(formatNumber(Infinity, "en")).toBe("–");
  });

  it("change unit where people would", () => {
    expect(formatDistance(412.4, "vi")).toBe("412 m");
    expect(formatDistance(2110, "vi")).toBe("2,1 km");
    expect(formatArea(187.5, "vi")).toBe("187,5 m²");
    expect(formatArea(25_000, "vi")).toBe("2,50 ha");
  });
});

describe("times", () => {
  const moment = Date.UTC(2026, 9, 17, 19, 15);

  it("are of Viet Nam's clock, whatever the browser's zone", () => {
    expect(formatDateTime(moment)).toBe("18/10/2026 02:15");
  });

  it("are read as people write them", () => {
    expect(parseDateTime("18/10/2026 02:15")).toBe(moment);
    expect(parseDateTime(" 18-10-2026 2h15 ")).toBe(moment);
    expect(parseDateTime("18/10/2026")).toBe(moment - 2 * HOUR - 15 * MINUTE);
  });

  it.each(["31/02/2026", "18/13/2026", "18/10/2026 25:00", "2026-10-18", "mai", ""])("refuse %j", (text) => {
    expect(parseDateTime(text)).toBeNull();
  });

  it("tell ages in the largest unit, rounded down", () => {
    expect(formatAge(14 * MINUTE + 59_000, "vi")).toBe("14 phút");
    expect(formatAge(0, "vi")).toBe("0 giây");
    expect(formatAge(3 * DAY, "en")).toBe("3 d");
  });

  it("tell spans in two units", () => {
    expect(formatSpan(36 * DAY + 17 * HOUR + 27 * MINUTE, "vi")).toBe("36 ngày 17 giờ");
    expect(formatSpan(2 * HOUR, "vi")).toBe("2 giờ");
  });
});
