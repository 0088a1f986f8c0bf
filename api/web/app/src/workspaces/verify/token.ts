/** The token in what a scanner gave: the bare text, or an address that carries it. */

export function tokenIn(scanned: string): string {
  const text = scanned.trim();
  if (!/^https?:\/\//i.test(text)) return text.replace(/\s+/g, "");
  try {
    const url = new URL(text);
    const carried = url.searchParams.get("token") ?? url.searchParams.get("t");
    if (carried) return carried;
    if (url.hash.length > 1) return url.hash.slice(1);
    const after = /\/verify\/(.+)$/.exec(url.pathname)?.[1];
    return after ? decodeURIComponent(after) : text;
  } catch {
    return text;
  }
}
