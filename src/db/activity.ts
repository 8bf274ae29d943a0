import { HooktowerError } from "../lib/errors.ts";

/**
 * Counts the work under way on a database, so that closing can wait for all of it. Needed on both
 * dialects: Kysely's `destroy` does not wait for open connections, and `Pool.end` of pg leaves
 * those who wait for a connection waiting for ever.
 */
export interface Activity {
  /** @throws HooktowerError `unavailable` once `finish` was called */
  begin(): void;
  end(): void;
  /** Lets nothing new begin; resolves when all that began has ended. */
  finish(): Promise<void>;
}

export function createActivity(): Activity {
  let underWay = 0;
  let finished: PromiseWithResolvers<void> | null = null;

  function begin(): void {
    if (finished) throw new HooktowerError("unavailable", "The database is closed");
    underWay += 1;
  }

  function end(): void {
    underWay -= 1;
    if (underWay === 0) finished?.resolve();
  }

  function finish(): Promise<void> {
    finished ??= Promise.withResolvers<void>();
    if (underWay === 0) finished.resolve();
    return finished.promise;
  }

  return { begin, end, finish };
}
