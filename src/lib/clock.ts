/** Where the time comes from. Tests inject their own. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** `2026-11-24T13:39:00.000Z`: how times look in REST, YAML and the command line. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
