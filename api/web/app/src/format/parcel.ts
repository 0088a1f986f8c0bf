/** Parcels as people type them: "thua 125 to 14 tan phu", "tờ 14 thửa 125", "14/125". */

export interface ParcelWords {
  sheet: string;
  plot: string;
  commune: string;
}

/** Small letters without diacritics. */
export function fold(text: string): string {
  return text.toLowerCase().replace(/đ/g, "d").normalize("NFD").replace(/\p{M}/gu, "");
}

/** Sheet, plot and commune of a text that names a parcel; null for any other text. */
export function parseParcel(text: string): ParcelWords | null {
  const folded = fold(text).replace(/[,;.]/g, " ").trim();
  const plotFirst = /^thua\s*(?:so\s*)?(\d+)\s+to\s*(?:ban do\s*)?(?:so\s*)?(\d+)\s*(.*)$/.exec(folded);
  if (plotFirst)
    return { sheet: plotFirst[2] ?? "", plot: plotFirst[1] ?? "", commune: (plotFirst[3] ?? "").trim() };
  const sheetFirst = /^to\s*(?:ban do\s*)?(?:so\s*)?(\d+)\s+thua\s*(?:so\s*)?(\d+)\s*(.*)$/.exec(folded);
  const pair = sheetFirst ?? /^(\d+)\s*\/\s*(\d+)\s*(.*)$/.exec(folded);
  return pair && { sheet: pair[1] ?? "", plot: pair[2] ?? "", commune: (pair[3] ?? "").trim() };
}
