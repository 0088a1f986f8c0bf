/** A round length on the ground, drawn to scale at the middle of the map. */

import { camera } from "../state/address";
import { lang } from "../state/preferences";
import { formatDistance } from "../format/number";
import { roundLength } from "./length";
import { pixelsPerMetre } from "./style";

const WIDEST_PX = 120;

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
