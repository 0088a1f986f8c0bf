/** Whether the page is as narrow as a phone. */

import { signal } from "@preact/signals";

const NARROW = matchMedia("(max-width: 899px)");
export const narrow = signal(NARROW.matches);
NARROW.addEventListener("change", (event) => (narrow.value = event.matches));
