/**
 * Programs that lately took too much: CPU until their limit, all the memory, or their runner down.
 * They run on a runner apart, so that the others keep theirs: on one that they share, a program that
 * loops holds everybody up for its whole limit each time it is called.
 */

import type { RunOutcome } from "./sandbox.ts";

/** How long a program stays there after it last took too much. */
const QUARANTINE_MS = 30_000;

export interface Quarantine {
  /** Puts a program in, or keeps it in for longer. */
  add(key: string): void;
  /** Adds a program that ended so, if it took too much. Who took a runner down, the pool knows. */
  judge(key: string, outcome: Pick<RunOutcome, "status"> & { readonly limit?: string }): void;
  has(key: string): boolean;
  /** Whether no program is in it; forgets those that were there long enough. */
  isEmpty(): boolean;
}

export function createQuarantine(now: () => number = () => performance.now()): Quarantine {
  const untilByKey = new Map<string, number>();

  function has(key: string): boolean {
    const until = untilByKey.get(key);
    return until !== undefined && until > now();
  }

  function add(key: string): void {
    untilByKey.set(key, now() + QUARANTINE_MS);
  }

  return {
    add,
    judge(key, { status, limit }) {
      if (status === "limit" && (limit === "cpu" || limit === "memory")) add(key);
    },
    has,
    isEmpty() {
      for (const key of untilByKey.keys()) if (!has(key)) untilByKey.delete(key);
      return untilByKey.size === 0;
    },
  };
}
