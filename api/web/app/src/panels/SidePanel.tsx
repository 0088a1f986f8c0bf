/** At the right: what is at the chosen place, else how the stations are. */

import { selection } from "../state/city";
import { Here } from "./Here";
import { Overview } from "./Overview";

export function SidePanel() {
  return <aside class="panel side">{selection.value ? <Here /> : <Overview />}</aside>;
}
