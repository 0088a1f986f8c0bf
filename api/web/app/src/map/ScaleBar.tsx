/** A round length on the ground, drawn to scale at the middle of the map. */

import { camera } from "../state/address";
import { lang } from "../state/preferences";
import { formatDistance } from "../format/number";
import { pixelsPerMetre } from "./style";

const WIDEST_PX = 120;

/** The longest round length (1, 2 or 5 times a power of ten) that fits. [m] */
export function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((n) => n * power <= most) ?? 1) * power;
}

export function ScaleBar() {
  const place = camera.value;
  if (!place) return <span />;
  const perMetre = pixelsPerMetre(place.zoom, place.lat);
  const metres = roundLength(WIDEST_PX / perMetre);
  return (
    <span class="scale">
      {formatDistance(metres, lang.value)}
      <i style={{ width: `${(metres * perMetre).toFixed(1)}px` }} />
    </span>
  );
}
