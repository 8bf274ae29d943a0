import type { Clock } from "../lib/clock.ts";

export interface AttemptLimits {
  /** Failed attempts that one key may make in a window. */
  readonly limit: number;
  readonly windowMs: number;
  /** Keys that are remembered; the oldest is forgotten to make room. */
  readonly maxKeys: number;
}

interface Window {
  count: number;
  readonly endsAt: number;
}

/**
 * Counts attempts per key in fixed windows, in memory. An attempt counts from its start, so that
 * many at once cannot all slip under the limit; one that succeeds is given back.
 */
export function createAttempts(clock: Clock, limits: AttemptLimits) {
  const windows = new Map<string, Window>();

  function open(key: string): Window {
    const known = windows.get(key);
    if (known && known.endsAt > clock.now()) return known;
    windows.delete(key);
    if (windows.size >= limits.maxKeys) makeRoom();
    const window = { count: 0, endsAt: clock.now() + limits.windowMs };
    windows.set(key, window);
    return window;
  }

  /** The map is in the order of the windows' ends, so the first is the oldest. */
  function makeRoom(): void {
    const [oldest] = windows.keys();
    if (oldest !== undefined) windows.delete(oldest);
  }

  return {
    /** @returns 0 when the key may try now, else the seconds to wait */
    start(key: string): number {
      const window = open(key);
      if (window.count >= limits.limit) return Math.max(1, Math.ceil((window.endsAt - clock.now()) / 1000));
      window.count += 1;
      return 0;
    },
    /** The attempt was no failure. */
    giveBack(key: string): void {
      const window = windows.get(key);
      if (window && window.count > 0) window.count -= 1;
    },
    /** The key has proven itself: its failures are forgotten. */
    forget(key: string): void {
      windows.delete(key);
    },
  };
}
