import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import { coerceError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { deleteCallsBefore, deleteCallsOf, findDeletedWebhooks } from "./retention.store.ts";

/** Keeps the call log as long as the settings say, and no longer. */
export interface Retention {
  /** Removes what is too old, and calls of webhooks that were deleted. */
  run(): Promise<{ removed: number }>;
  /** Runs now and every hour. */
  start(): void;
  /** Runs once more, after what is under way: a webhook was deleted. */
  runSoon(): void;
  stop(): Promise<void>;
}

interface RetentionDependencies {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `webhook_log_duration` as it is now. */
  readonly readDays: () => Promise<number>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const INTERVAL_MS = 60 * 60 * 1000;
/** Small batches with a pause between: the call log's own commits get in between. */
const BATCH_ROWS = 250;
const PAUSE_MS = 25;

export function createRetention({ db, clock, logger, readDays }: RetentionDependencies): Retention {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<unknown> = Promise.resolve();

  async function removeAll(removeBatch: () => Promise<number>): Promise<number> {
    let removed = 0;
    while (!stopped) {
      const count = await removeBatch();
      removed += count;
      if (count < BATCH_ROWS) break;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return removed;
  }

  async function run(): Promise<{ removed: number }> {
    const before = clock.now() - (await readDays()) * DAY_MS;
    let removed = await removeAll(() => deleteCallsBefore(db.main, before, BATCH_ROWS));
    for (const webhookId of await findDeletedWebhooks(db.reader)) {
      removed += await removeAll(() => deleteCallsOf(db.main, webhookId, BATCH_ROWS));
    }
    return { removed };
  }

  async function runLogged(): Promise<void> {
    try {
      const { removed } = await run();
      if (removed > 0) logger.info({ removed }, "calls were removed from the log");
    } catch (thrown) {
      logger.error({ err: coerceError(thrown) }, "removing old calls failed, trying again in an hour");
    }
  }

  function runSoon(): void {
    current = current.then(runLogged);
  }

  return {
    run,
    runSoon,
    start() {
      runSoon();
      timer = setInterval(runSoon, INTERVAL_MS);
      timer.unref();
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await current;
    },
  };
}
