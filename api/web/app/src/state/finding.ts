/** What the search field finds: parcels by their numbers, then features by their names. */

import { api, type Moment } from "../api/client";
import type { PlanParcel, SearchResult } from "../api/types";
import { parseParcel, type ParcelWords } from "../format/parcel";
import { middleOf } from "../map/middle";

const LIMIT = 8;

export interface Found extends SearchResult {
  /** A parcel is named by its numbers; the words are put together by the page. */
  parcel?: { sheet: string; plot: string; commune: string };
}

export async function find(moment: Moment, q: string, signal: AbortSignal): Promise<Found[]> {
  const words = parseParcel(q);
  const [parcels, named] = await Promise.all([
    words ? findParcels(moment, words, signal) : [],
    api.search(moment, q, LIMIT, signal).then((answer) => answer.results),
  ]);
  const known = new Set(parcels.map((one) => one.fid));
  return [...parcels, ...named.filter((one) => one.layer !== "parcels" || !known.has(one.fid))].slice(
    0,
    LIMIT,
  );
}

async function findParcels(moment: Moment, words: ParcelWords, signal: AbortSignal): Promise<Found[]> {
  const answer = await api.parcel(moment, `${words.sheet}/${words.plot}`, words.commune, signal);
  const found = answer.parcel ? [answer.parcel] : answer.candidates;
  return found.slice(0, LIMIT).map(asResult);
}

function asResult(parcel: PlanParcel): Found {
  const { fid, sheet, plot, commune } = parcel;
  const nowhere = { lon: null, lat: null, bbox: null };
  return {
    layer: "parcels",
    layer_title: "",
    fid,
    title: "",
    subtitle: commune,
    ...nowhere,
    parcel: { sheet, plot, commune },
  };
}

/** Where a result lies; parcels found by number are asked for their place first. */
export async function placeOf(moment: Moment, result: Found): Promise<[number, number] | null> {
  if (result.lon !== null && result.lat !== null) return [result.lon, result.lat];
  const feature = await api.feature(moment, result.layer, result.fid);
  return feature.geometry && middleOf(feature.geometry);
}
