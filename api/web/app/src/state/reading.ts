/** A read that lives as long as its component; what it gave last stays while the next is under way. */

import { useCallback, useEffect, useState } from "preact/hooks";
import type { Problem } from "../api/types";
import { asProblem } from "./resource";
import { role, session } from "./viewer";

export interface Reading<T> {
  data: T | null;
  problem: Problem | null;
  busy: boolean;
  reload: () => void;
  /** Puts what a write answered in place of what was read. */
  put: (data: T) => void;
}

const RETRY_MS = 5000;

/** Reads again when one of `inputs` or the viewer changes; `start` null reads nothing. */
export function useReading<T>(
  start: ((signal: AbortSignal) => Promise<T>) | null,
  inputs: readonly unknown[],
): Reading<T> {
  const [turn, setTurn] = useState(0);
  const [held, setHeld] = useState<{ data: T | null; problem: Problem | null; busy: boolean }>({
    data: null,
    problem: null,
    busy: start !== null,
  });
  const viewer = `${role.value ?? ""}/${session.data.value?.viewer.person ?? ""}/${session.data.value?.viewer.role ?? ""}`;
  useEffect(() => {
    if (start === null) {
      setHeld({ data: null, problem: null, busy: false });
      return;
    }
    const controller = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    setHeld((before) => ({ ...before, busy: true }));
    start(controller.signal).then(
      (data) => {
        if (!controller.signal.aborted) setHeld({ data, problem: null, busy: false });
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        const problem = asProblem(reason);
        // What may not be seen any more is not kept on the page either.
        const gone = [401, 403, 404].includes(problem.status);
        setHeld((before) => ({ data: gone ? null : before.data, problem, busy: false }));
        if (problem.status === 0) retry = setTimeout(() => setTurn((n) => n + 1), RETRY_MS);
      },
    );
    return () => {
      controller.abort();
      clearTimeout(retry);
    };
  }, [turn, viewer, ...inputs]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const put = useCallback((data: T) => setHeld({ data, problem: null, busy: false }), []);
  return { ...held, reload, put };
}

/** A write with its state: what went wrong stays beside the button until the next try. */
export function useSending(): {
  busy: boolean;
  problem: Problem | null;
  run: <T>(work: () => Promise<T>) => Promise<T | undefined>;
  clear: () => void;
} {
  const [state, setState] = useState<{ busy: boolean; problem: Problem | null }>({
    busy: false,
    problem: null,
  });
  const run = useCallback(async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    setState({ busy: true, problem: null });
    try {
      const result = await work();
      setState({ busy: false, problem: null });
      return result;
    } catch (reason) {
      setState({ busy: false, problem: asProblem(reason) });
      return undefined;
    }
  }, []);
  const clear = useCallback(() => setState({ busy: false, problem: null }), []);
  return { ...state, run, clear };
}
