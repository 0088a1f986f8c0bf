/** Colours of what is not a layer: the map's ground, its ink and halo. The same values as in tokens.css. */

import type { Theme } from "../state/preferences";

export interface Ground {
  ground: string;
  text: string;
  halo: string;
  ink: string;
  accent: string;
}

const DAY: Ground = {
  ground: "#f1f3ef",
  text: "#3a4541",
  halo: "#ffffff",
  ink: "#131a18",
  accent: "#0b5f57",
};
const NIGHT: Ground = {
  ground: "#111817",
  text: "#a9b5b0",
  halo: "#0d1312",
  ink: "#ecf1ef",
  accent: "#64cdbd",
};

export function ground(theme: Theme): Ground {
  return theme === "night" ? NIGHT : DAY;
}
