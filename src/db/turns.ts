/**
 * Who may talk to a single connection, first come, first served. Single statements share it: they
 * are sent one after the other without waiting for answers. A transaction holds it alone.
 *
 * Kysely's own mutex for one-connection databases is not used: it lets one statement in at a time,
 * so every statement would wait for the answer to the one before it.
 */
export interface Turns {
  /** Runs `work` at once, or after the transactions that hold the connection or wait for it. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when the connection is the caller's alone, until `release`. */
  hold(): Promise<void>;
  release(): void;
}

interface Waiter {
  readonly alone: boolean;
  readonly start: () => void;
}

export function createTurns(): Turns {
  let held = false;
  // Only filled while the connection is held.
  const waiters: Waiter[] = [];

  function run<T>(work: () => Promise<T>): Promise<T> {
    if (!held) return work();
    return new Promise<T>((resolve, reject) => {
      waiters.push({ alone: false, start: () => void work().then(resolve, reject) });
    });
  }

  function hold(): Promise<void> {
    if (held) return new Promise((resolve) => waiters.push({ alone: true, start: resolve }));
    held = true;
    return Promise.resolve();
  }

  function release(): void {
    held = false;
    let waiter: Waiter | undefined;
    while (!held && (waiter = waiters.shift()) !== undefined) {
      held = waiter.alone;
      waiter.start();
    }
  }

  return { run, hold, release };
}
