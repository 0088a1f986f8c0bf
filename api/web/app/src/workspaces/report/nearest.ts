/** The thing nearest to a tap, within reach. */

const METRES_PER_DEGREE = 111_320;

export function nearest<T extends { lon: number | null; lat: number | null }>(
  things: readonly T[],
  lon: number,
  lat: number,
  reach: number,
): T | null {
  const narrowing = Math.cos((lat * Math.PI) / 180);
  let best: T | null = null;
  let least = reach;
  for (const thing of things) {
    if (thing.lon === null || thing.lat === null) continue;
    const metres = Math.hypot((thing.lon - lon) * narrowing, thing.lat - lat) * METRES_PER_DEGREE;
    if (metres <= least) {
      least = metres;
      best = thing;
    }
  }
  return best;
}
