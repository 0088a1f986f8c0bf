/** The two halves of a legend's label: words, and the numbers they stand for. */

export interface LegendText {
  words: string;
  range: string;
}

/** Reads "words (range)" and "range · words"; anything else is words. */
export function legendText(label: string): LegendText {
  const behind = /^(.+?) \(([^()]*\d[^()]*)\)$/.exec(label);
  if (behind) return { words: behind[1] ?? label, range: behind[2] ?? "" };
  const before = /^([^·]*\d[^·]*) · (.+)$/.exec(label);
  if (before) return { words: before[2] ?? label, range: before[1] ?? "" };
  return { words: label, range: "" };
}
