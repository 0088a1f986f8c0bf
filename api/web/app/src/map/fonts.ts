/** The map's letters: drawn in the browser from the font files that ship with the page, so that every Vietnamese
 * sign is there and nothing is fetched from outside. */

import { BASE } from "../api/http";
import latin500 from "@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-500-normal.woff2?url";
import latin600 from "@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-600-normal.woff2?url";
import extended500 from "@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-ext-500-normal.woff2?url";
import extended600 from "@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-ext-600-normal.woff2?url";
import vietnamese500 from "@fontsource/be-vietnam-pro/files/be-vietnam-pro-vietnamese-500-normal.woff2?url";
import vietnamese600 from "@fontsource/be-vietnam-pro/files/be-vietnam-pro-vietnamese-600-normal.woff2?url";
import type { FontFacesSpecification } from "maplibre-gl";
import { FONT_REGULAR, FONT_STRONG } from "./style";

const VIETNAMESE = [
  "U+0102-0103",
  "U+0110-0111",
  "U+0128-0129",
  "U+0168-0169",
  "U+01A0-01A1",
  "U+01AF-01B0",
  "U+0300-0301",
  "U+0303-0304",
  "U+0308-0309",
  "U+0323",
  "U+0329",
  "U+1EA0-1EF9",
  "U+20AB",
];
const LATIN = [
  "U+0000-00FF",
  "U+0131",
  "U+0152-0153",
  "U+02BB-02BC",
  "U+02C6",
  "U+02DA",
  "U+02DC",
  "U+2000-206F",
  "U+20AC",
  "U+2122",
  "U+2191",
  "U+2193",
  "U+2212",
  "U+2215",
];
const EXTENDED = [
  "U+0100-0101",
  "U+0104-010F",
  "U+0112-0127",
  "U+012A-0167",
  "U+016A-019F",
  "U+01A2-01AE",
  "U+01B1-02BA",
  "U+1E00-1E9F",
  "U+2113",
];

function faces(
  vietnamese: string,
  latin: string,
  extended: string,
): { url: string; "unicode-range": string[] }[] {
  const whole = (url: string): string => new URL(url, BASE).href;
  return [
    { url: whole(vietnamese), "unicode-range": VIETNAMESE },
    { url: whole(latin), "unicode-range": LATIN },
    { url: whole(extended), "unicode-range": EXTENDED },
  ];
}

export function fontFaces(): FontFacesSpecification {
  return {
    [FONT_REGULAR]: faces(vietnamese500, latin500, extended500),
    [FONT_STRONG]: faces(vietnamese600, latin600, extended600),
  };
}
