import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits until something has ended or the time is up, whichever comes first. What is waited for goes on.
 *
 * @param signal ends the waiting, too
 * @throws what `ended` rejects with, when that comes first
 */
export async function waitAtMost(ended: Promise<unknown>, ms: number, signal?: AbortSignal): Promise<void> {
  const over = new AbortController();
  const anyEnd = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const time = delay(ms, undefined, { signal: anyEnd }).catch(() => undefined);
  try {
    await Promise.race([ended, time]);
  } finally {
    over.abort();
  }
}
