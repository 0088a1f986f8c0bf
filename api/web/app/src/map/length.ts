/** Round lengths for the scale bar. */

/** The longest round length (1, 2 or 5 times a power of ten) that fits. [m] */
export function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((n) => n * power <= most) ?? 1) * power;
}
