import { describe, expect, it } from "vitest";
import { fold, parseParcel } from "./parcel";

describe("a parcel in words", () => {
  it.each([
    ["thua 125 to 14 tan phu", "tan phu"],
    ["Thửa 125, tờ 14, phường Tân Phú", "phuong tan phu"],
    ["tờ bản đồ số 14 thửa số 125", ""],
    ["14/125 Tân Phú", "tan phu"],
  ])("%s is sheet 14, plot 125", (text, commune) => {
    expect(parseParcel(text)).toEqual({ sheet: "14", plot: "125", commune });
  });

  it.each(["ly thuong kiet", "thua thien", "125", "to 14", ""])("%j is none", (text) => {
    expect(parseParcel(text)).toBeNull();
  });

  it("folds every letter of Vietnamese", () => {
    expect(fold("Đường Lý Thường Kiệt, Hữu Nghị, Nguyễn Ước")).toBe(
      "duong ly thuong kiet, huu nghi, nguyen uoc",
    );
  });
});
