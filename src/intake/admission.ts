import type { Clock } from "../lib/clock.ts";
import type { Route } from "../webhooks/route.ts";

/** Keeps one webhook, or a scanner, from taking what the others need. */
export interface AdmissionControl {
  /** @returns a function to call when the call is over; null when the webhook has too many in progress */
  enter(route: Route): (() => void) | null;
  /** Whether a call to an unknown endpoint may still be logged: they share a budget. */
  mayLogUnknown(): boolean;
  /** Calls in progress. */
  readonly inProgress: number;
  /** Resolves when no call is in progress, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
}

/** Rows for unknown endpoints: this many at once, and as many more each minute. */
const UNKNOWN_ROWS_PER_MINUTE = 120;

export function createAdmissionControl(maxCallsPerWebhook: number, clock: Clock): AdmissionControl {
  const callsByWebhook = new Map<number, number>();
  let inProgress = 0;
  let budget = UNKNOWN_ROWS_PER_MINUTE;
  let refilledAt = clock.now();
  let onIdle: (() => void) | null = null;

  function leave(webhookId: number): void {
    const left = (callsByWebhook.get(webhookId) ?? 1) - 1;
    if (left === 0) callsByWebhook.delete(webhookId);
    else callsByWebhook.set(webhookId, left);
    inProgress -= 1;
    if (inProgress === 0) onIdle?.();
  }

  return {
    enter({ webhookId }) {
      const current = callsByWebhook.get(webhookId) ?? 0;
      if (current >= maxCallsPerWebhook) return null;
      callsByWebhook.set(webhookId, current + 1);
      inProgress += 1;
      return () => leave(webhookId);
    },
    mayLogUnknown() {
      const now = clock.now();
      const earned = ((now - refilledAt) / 60_000) * UNKNOWN_ROWS_PER_MINUTE;
      budget = Math.min(UNKNOWN_ROWS_PER_MINUTE, budget + Math.max(earned, 0));
      refilledAt = now;
      if (budget < 1) return false;
      budget -= 1;
      return true;
    },
    get inProgress() {
      return inProgress;
    },
    drain(timeoutMs) {
      if (inProgress === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
