/** A read that follows signals: what it gave last stays while the next is under way. */

import { effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import { ProblemError } from "../api/http";
import type { Problem } from "../api/types";
import { readTook } from "./clock";

export interface Resource<T> {
  data: ReadonlySignal<T | null>;
  problem: ReadonlySignal<Problem | null>;
  /** True from the first moment of a read. */
  busy: ReadonlySignal<boolean>;
  /** Reads again with the same input. */
  reload: () => void;
  /** Forgets what is held, for a viewer who may not see it. */
  clear: () => void;
  /** Changes what is held, for news that came by the live stream. */
  patch: (change: (held: T) => T) => void;
}

const RETRY_MS = 5000;

/**
 * Runs `start` whenever a signal it reads changes; `start` returns null where there is nothing to read.
 *
 * An answer to an older question never replaces a newer one. A server that cannot be reached is asked again.
 */
export function resource<T>(
  start: (signal: AbortSignal) => Promise<T> | null,
  clearOnChange = false,
): Resource<T> {
  const data = signal<T | null>(null);
  const problem = signal<Problem | null>(null);
  const busy = signal(false);
  const turn = signal(0);
  effect(() => {
    void turn.value;
    const controller = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    const began = performance.now();
    const reading = start(controller.signal);
    if (reading === null || clearOnChange) data.value = null;
    busy.value = reading !== null;
    if (reading === null) problem.value = null;
    reading?.then(
      (found) => {
        if (controller.signal.aborted) return;
        readTook(performance.now() - began);
        data.value = found;
        problem.value = null;
        busy.value = false;
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        problem.value = asProblem(reason);
        busy.value = false;
        if (problem.value.status === 0) retry = setTimeout(() => (turn.value += 1), RETRY_MS);
      },
    );
    return () => {
      // Given up before it was answered: reads must get twice the time.
      if (untracked(() => busy.value)) readTook((performance.now() - began) * 2);
      controller.abort();
      clearTimeout(retry);
    };
  });
  return {
    data,
    problem,
    busy,
    reload: () => (turn.value = untracked(() => turn.value) + 1),
    clear: () => (data.value = null),
    patch: (change) => {
      const held = untracked(() => data.value);
      if (held !== null) data.value = change(held);
    },
  };
}

export function asProblem(reason: unknown): Problem {
  if (reason instanceof ProblemError) return reason.problem;
  const detail = reason instanceof Error ? reason.message : String(reason);
  return { type: "about:blank", title: "", status: -1, detail };
}
