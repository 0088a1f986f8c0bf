/** News of records (jobs, cases) from the live stream, for the pages that show them. */

import { useEffect, useRef } from "preact/hooks";
import { address } from "../api/http";
import type { Change } from "../api/types";
import { role } from "./viewer";

/** Pages read again at most this often, however fast records change. [ms] */
const PACE_MS = 400;

/** Calls `again` when a record of the kind changed, and when news may have been missed. */
export function useRecordNews(kind: string, again: (keys: ReadonlySet<string>) => void): void {
  const call = useRef(again);
  call.current = again;
  const acting = role.value;
  useEffect(() => {
    const source = new EventSource(address("/live", acting === null ? {} : { as: acting }));
    const keys = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let heard = false;
    const tell = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        call.current(new Set(keys));
        keys.clear();
      }, PACE_MS);
    };
    source.addEventListener("change", (event: MessageEvent<string>) => {
      const change = JSON.parse(event.data) as Change;
      if (change.kind !== "record") return;
      for (const item of change.items) {
        if ("kind" in item && item.kind === kind) {
          keys.add(item.key);
          tell();
        }
      }
    });
    source.addEventListener("gap", tell);
    source.addEventListener("hello", () => {
      if (heard) tell();
      heard = true;
    });
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [kind, acting]);
}
