/** The source whose section the overview opens at. */

import { signal } from "@preact/signals";

export const focusLayer = signal<string | null>(null);
