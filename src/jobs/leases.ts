import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import { releaseJobs, renewLeases } from "./jobs.store.ts";

/** The jobs that this process has, and the leases on them. */
export interface Leases {
  readonly size: number;
  /**
   * Keeps a job's lease from now on.
   *
   * @param committed false: the row may not be seen yet by other connections, or never
   */
  hold(id: number, committed: boolean): AbortSignal;
  /** Not to be kept any more: it is done, or given back. */
  drop(id: number): void;
  /** Undefined for a job that is not held. */
  signalOf(id: number): AbortSignal | undefined;
  /**
   * Prolongs all leases, and finds those that were lost.
   *
   * @throws what the database says; leases that have run out by then are lost
   */
  beat(): Promise<void>;
  loseAll(reason: Error): void;
  /** Resolves when nothing is held. */
  whenEmpty(): Promise<void>;
}

interface Lease {
  readonly stop: AbortController;
  readonly since: number;
  seen: boolean;
}

interface LeaseOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly leaseMs: number;
}

export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}

export function createLeases({ db, clock, leaseMs }: LeaseOptions): Leases {
  const owner = db.getOwner();
  const held = new Map<number, Lease>();
  /** Rows of ours that nobody here knows, at the last beat. */
  let strays = new Set<number>();
  let renewedAt = clock.now();
  let empty = Promise.withResolvers<void>();

  function hold(id: number, committed: boolean): AbortSignal {
    // Lost and taken again before anybody noticed: what runs for the earlier lease must end.
    lose(id, "taken by another process meanwhile");
    const stop = new AbortController();
    held.set(id, { stop, since: clock.now(), seen: committed });
    return stop.signal;
  }

  function drop(id: number): void {
    held.delete(id);
    if (held.size > 0) return;
    empty.resolve();
    empty = Promise.withResolvers<void>();
  }

  function lose(id: number, how: string): void {
    const lease = held.get(id);
    if (!lease) return;
    drop(id);
    lease.stop.abort(new LeaseLostError(`Job ${id} was ${how}`));
  }

  async function beat(): Promise<void> {
    const startedAt = clock.now();
    let found: Set<number>;
    try {
      found = new Set(await renewLeases(db.main, owner.id, startedAt + leaseMs));
    } catch (error) {
      if (clock.now() - renewedAt >= leaseMs) loseAll(new LeaseLostError("The lease could not be prolonged"));
      throw error;
    }
    renewedAt = startedAt;
    for (const [id, lease] of held) {
      if (found.has(id)) lease.seen = true;
      else if (lease.seen) lose(id, "taken by another process");
      // Its transaction was rolled back.
      else if (startedAt - lease.since >= leaseMs) lose(id, "never added");
    }
    await releaseStrays([...found].filter((id) => !held.has(id)));
  }

  /**
   * Jobs that are ours in the database only: the `finish` that dropped them was rolled back, or an answer
   * of the database was lost. Only at the second beat: what is added right now is known here a moment later.
   */
  async function releaseStrays(ids: readonly number[]): Promise<void> {
    const again = ids.filter((id) => strays.has(id));
    strays = new Set(ids);
    await releaseJobs(db.main, owner.id, again);
  }

  function loseAll(reason: Error): void {
    const lost = [...held.values()];
    for (const id of held.keys()) drop(id);
    for (const { stop } of lost) stop.abort(reason);
  }

  return {
    get size() {
      return held.size;
    },
    hold,
    drop,
    signalOf: (id) => held.get(id)?.stop.signal,
    beat,
    loseAll,
    whenEmpty: () => (held.size === 0 ? Promise.resolve() : empty.promise),
  };
}
