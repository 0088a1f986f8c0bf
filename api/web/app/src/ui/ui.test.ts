import { describe, expect, it } from "vitest";
import type { CaseClock, FormField } from "../api/cases";
import { moved, resized, spanned } from "../workspaces/cases/boxes";
import { placeInJpeg } from "../workspaces/report/exif";
import { nearest } from "../workspaces/report/nearest";
import { tokenIn } from "../workspaces/verify/token";
import { clockLook, formatWorking, pressing } from "./clock";
import { readDraft } from "./form";

const field = (name: string, type: FormField["type"], required = false): FormField => ({
  name,
  type,
  title: name,
  title_en: name,
  required,
});
const clock = (more: Partial<CaseClock>): CaseClock => ({
  name: "a",
  title: "a",
  title_en: "a",
  state: "running",
  due: "2026-11-26T10:00:00Z",
  left_s: 3600,
  share: 0.5,
  ...more,
});

describe("a form", () => {
  it("reads decimal commas and Vietnamese dates, and names what is missing or wrong", () => {
    const fields = [field("n", "number"), field("d", "date"), field("t", "text", true), field("x", "number")];
    const { values, errors } = readDraft(fields, { n: "1 234,5", d: "02/09/2026", t: "  ", x: "mười" });
    expect(values).toEqual({ n: 1234.5, d: "2026-09-02" });
    expect(errors).toEqual({ t: "form.missing", x: "form.number" });
  });
});

describe("a case's clock", () => {
  const now = Date.parse("2026-11-25T00:00:00Z");
  it("is red in its last eighth and when it is over, and hollow while it stands", () => {
    expect(clockLook(clock({ share: 0.874 }), now)).toBe("running");
    expect(clockLook(clock({ share: 0.875 }), now)).toBe("due");
    expect(clockLook(clock({ left_s: -1 }), now)).toBe("late");
    expect(clockLook(clock({ state: "stopped", share: 0.99 }), now)).toBe("stopped");
  });

  it("that runs and is due first stands for the case; one called off does not", () => {
    const later = clock({ name: "later", due: "2026-11-28T10:00:00Z" });
    const off = clock({ name: "off", state: "cancelled", due: "2026-11-25T10:00:00Z" });
    expect(pressing([clock({ name: "s", state: "stopped" }), later, off])?.name).toBe("later");
    expect(pressing([off])).toBeNull();
  });

  it("counts working days of eight hours", () => {
    expect(formatWorking(20 * 3600, "vi")).toBe("2,5 ngày làm việc");
    expect(formatWorking(3 * 3600, "vi")).toBe("3 giờ làm việc");
    expect(formatWorking(90 * 60, "vi")).toBe("90 phút");
  });
});

describe("a box over a photo", () => {
  it("is the same drawn from any corner, and never leaves the photo", () => {
    expect(spanned([0.6, 0.75], [0.1, 0.25])).toEqual({ x: 0.1, y: 0.25, w: 0.5, h: 0.5, what: "" });
    expect(spanned([-1, 0.5], [0.5, 2])).toEqual({ x: 0, y: 0.5, w: 0.5, h: 0.5, what: "" });
    const box = { x: 0.5, y: 0.5, w: 0.5, h: 0.25, what: "face" as const };
    expect(moved(box, 0.25, 0.5)).toEqual({ ...box, y: 0.75 });
    expect(resized(box, 0.25, -1)).toEqual({ ...box, h: 0.01 });
  });
});

describe("a scanned code", () => {
  it("is a token alone or an address that carries it", () => {
    expect(tokenIn(" abc.def\n.ghi ")).toBe("abc.def.ghi");
    expect(tokenIn("https://ioc.example/verify?token=abc.def")).toBe("abc.def");
    expect(tokenIn("https://ioc.example/verify#abc.def")).toBe("abc.def");
    expect(tokenIn("https://ioc.example/verify/abc.def")).toBe("abc.def");
  });
});

describe("a tap on the map of reports", () => {
  it("finds the nearest within reach, or none", () => {
    const a = { lon: 106.9, lat: 11.53 };
    const b = { lon: 106.9001, lat: 11.53 };
    expect(nearest([a, b], 106.90008, 11.53, 20)).toBe(b);
    expect(nearest([a, b], 106.91, 11.53, 20)).toBeNull();
  });
});

describe("the place in a photo", () => {
  it("is nothing where the file is no photo, is cut off, or lies about its lengths", () => {
    expect(placeInJpeg(new ArrayBuffer(0))).toBeNull();
    expect(placeInJpeg(new TextEncoder().encode("<script>alert(1)</script>").buffer)).toBeNull();
    const lying = new Uint8Array([
      0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49,
    ]);
    expect(placeInJpeg(lying.buffer)).toBeNull();
  });

  it("is read from degrees, minutes and seconds", () => {
    // 11° 31' 48" N = 11.53, 106° 54' 0" E = 106.9, little endian, one directory that points to the GPS one.
    const view = new DataView(new ArrayBuffer(200));
    view.setUint32(0, 0xffd8ffe1);
    view.setUint16(4, 190);
    view.setUint32(6, 0x45786966);
    const tiff = 12;
    view.setUint16(tiff, 0x4949);
    view.setUint16(tiff + 2, 42, true);
    view.setUint32(tiff + 4, 8, true);
    const entry = (at: number, tag: number, type: number, count: number, value: number): void => {
      view.setUint16(at, tag, true);
      view.setUint16(at + 2, type, true);
      view.setUint32(at + 4, count, true);
      view.setUint32(at + 8, value, true);
    };
    view.setUint16(tiff + 8, 1, true);
    entry(tiff + 10, 0x8825, 4, 1, 26);
    view.setUint16(tiff + 26, 4, true);
    entry(tiff + 28, 1, 2, 2, "N".charCodeAt(0));
    entry(tiff + 40, 2, 5, 3, 90);
    entry(tiff + 52, 3, 2, 2, "E".charCodeAt(0));
    entry(tiff + 64, 4, 5, 3, 114);
    [11, 31, 48].forEach((n, i) => {
      view.setUint32(tiff + 90 + 8 * i, n, true);
      view.setUint32(tiff + 94 + 8 * i, 1, true);
    });
    [106, 54, 0].forEach((n, i) => {
      view.setUint32(tiff + 114 + 8 * i, n, true);
      view.setUint32(tiff + 118 + 8 * i, 1, true);
    });
    const place = placeInJpeg(view.buffer);
    expect(place?.lat).toBeCloseTo(11.53, 9);
    expect(place?.lon).toBeCloseTo(106.9, 9);
  });
});
