/** Does again later what failed: what failed will fail again at once, so each time later than before. */

const FIRST_MS = 250;
const MOST_MS = 10_000;

export interface Backoff {
  /** Whether an action waits for its time. */
  readonly pending: boolean;
  /** How long callers had better stay away, in whole seconds. */
  readonly seconds: number;
  /** Does the action after the delay; nothing when one waits already. */
  later(action: () => void): void;
  /** It went well: the next delay is the first again. */
  reset(): void;
  cancel(): void;
}

export function createBackoff(): Backoff {
  let delayMs = 0;
  let timer: NodeJS.Timeout | null = null;
  return {
    get pending() {
      return timer !== null;
    },
    get seconds() {
      return Math.max(1, Math.ceil(delayMs / 1000));
    },
    later(action) {
      delayMs = Math.min(MOST_MS, delayMs * 2 || FIRST_MS);
      timer ??= setTimeout(() => {
        timer = null;
        action();
      }, delayMs);
    },
    reset() {
      delayMs = 0;
    },
    cancel() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}
