/** Where a JPEG says it was taken: the GPS tags of its EXIF block, and nothing else of it. */

export interface StoredPlace {
  lon: number;
  lat: number;
}

const APP1 = 0xffe1;
const GPS_POINTER = 0x8825;
const [LAT_REF, LAT, LON_REF, LON] = [1, 2, 3, 4];
const RATIONAL = 5;

/** Null for every file without a readable position. Reads the first part of the file only. */
export function placeInJpeg(bytes: ArrayBuffer): StoredPlace | null {
  try {
    const view = new DataView(bytes);
    const tiff = exifStart(view);
    return tiff === null ? null : placeIn(view, tiff);
  } catch (reason) {
    if (reason instanceof RangeError) return null; // A length in the file points beyond its end.
    throw reason;
  }
}

function exifStart(view: DataView): number | null {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 10 <= view.byteLength) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (marker === APP1 && view.getUint32(at + 4) === 0x45786966) return at + 10;
    if (marker >> 8 !== 0xff || marker === 0xffda || length < 2) return null;
    at += 2 + length;
  }
  return null;
}

function placeIn(view: DataView, tiff: number): StoredPlace | null {
  const order = view.getUint16(tiff);
  if (order !== 0x4949 && order !== 0x4d4d) return null;
  const little = order === 0x4949;
  const entries = (directory: number): Map<number, number> => {
    const count = view.getUint16(directory, little);
    const found = new Map<number, number>();
    for (let n = 0; n < count; n += 1) {
      const at = directory + 2 + n * 12;
      found.set(view.getUint16(at, little), at);
    }
    return found;
  };
  const pointer = entries(tiff + view.getUint32(tiff + 4, little)).get(GPS_POINTER);
  if (pointer === undefined) return null;
  const gps = entries(tiff + view.getUint32(pointer + 8, little));
  const degrees = (tag: number, refTag: number): number | null => {
    const at = gps.get(tag);
    const ref = gps.get(refTag);
    if (at === undefined || ref === undefined || view.getUint16(at + 2, little) !== RATIONAL) return null;
    const values = tiff + view.getUint32(at + 8, little);
    const part = (n: number): number =>
      view.getUint32(values + 8 * n, little) / view.getUint32(values + 8 * n + 4, little);
    const sign = "SW".includes(String.fromCharCode(view.getUint8(ref + 8))) ? -1 : 1;
    const value = sign * (part(0) + part(1) / 60 + part(2) / 3600);
    return Number.isFinite(value) ? value : null;
  };
  const lat = degrees(LAT, LAT_REF);
  const lon = degrees(LON, LON_REF);
  if (lat === null || lon === null || Math.abs(lat) > 90 || Math.abs(lon) > 180) return null;
  return lat === 0 && lon === 0 ? null : { lon, lat };
}
