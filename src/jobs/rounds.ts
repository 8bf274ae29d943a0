import { coerceError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";

/** Beats and looks for jobs, one after the other and never at the same time. */
export interface Rounds {
  /** Does nothing when it runs. */
  start(): void;
  /** There may be something to do: looks now. Does nothing before `start`. */
  readonly poke: () => void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

interface RoundsOptions {
  readonly heartbeatMs: number;
  readonly pollMs: number;
  readonly logger: Logger;
  readonly beat: () => Promise<void>;
  /** @returns whether there was anything to do */
  readonly look: () => Promise<boolean>;
}

/**
 * The time to the second look after a poke; each further one is twice as long, up to `pollMs`. A poke comes
 * before the commit of the transaction that adds a job. SQLite, one statement at a time, sees the job at once;
 * on PostgreSQL it takes one of these looks.
 *
 * Rejected: NOTIFY, which needs one more connection from each process and gains a few milliseconds; jobs that
 * others add are begun within `pollMs`.
 */
const FIRST_DELAY_MS = 10;

export function createRounds({ heartbeatMs, pollMs, logger, beat, look }: RoundsOptions): Rounds {
  let state: "new" | "running" | "stopped" = "new";
  let timer: NodeJS.Timeout | undefined;
  let delayMs = pollMs;
  let current: Promise<void> | null = null;
  let poked = false;
  let beatAt = 0;
  let failing = false;

  function start(): void {
    if (state !== "new") return;
    state = "running";
    beatAt = performance.now() + heartbeatMs;
    schedule();
  }

  function schedule(): void {
    clearTimeout(timer);
    if (state !== "running") return;
    const untilBeat = Math.max(0, beatAt - performance.now());
    timer = setTimeout(goRound, poked ? 0 : Math.min(delayMs, untilBeat)).unref();
  }

  function poke(): void {
    delayMs = Math.min(FIRST_DELAY_MS, pollMs);
    poked = true;
    if (!current) schedule();
  }

  function goRound(): void {
    poked = false;
    current = round().finally(() => {
      current = null;
      schedule();
    });
  }

  async function round(): Promise<void> {
    try {
      if (performance.now() >= beatAt) {
        beatAt = performance.now() + heartbeatMs;
        await beat();
      }
      if (await look()) delayMs = FIRST_DELAY_MS;
      else if (!poked) delayMs = Math.min(pollMs, delayMs * 2);
      failing = false;
    } catch (thrown) {
      // Once for each time that it begins: the database may be away for long.
      if (!failing) logger.error({ err: coerceError(thrown) }, "jobs cannot be looked for; trying again");
      failing = true;
      delayMs = pollMs;
    }
  }

  async function stop(): Promise<void> {
    state = "stopped";
    clearTimeout(timer);
    await current;
  }

  return { start, poke, stop };
}
