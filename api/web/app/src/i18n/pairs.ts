/** Messages written as pairs, Vietnamese first, so that one is never added without the other. */

export type Pairs = Record<string, readonly [vi: string, en: string]>;

type Side<P extends Pairs> = { [K in keyof P]: string };

export function vietnameseOf<P extends Pairs>(pairs: P): Side<P> {
  return side(pairs, 0);
}

export function englishOf<P extends Pairs>(pairs: P): Side<P> {
  return side(pairs, 1);
}

function side<P extends Pairs>(pairs: P, which: 0 | 1): Side<P> {
  return Object.fromEntries(Object.entries(pairs).map(([key, pair]) => [key, pair[which]])) as Side<P>;
}
