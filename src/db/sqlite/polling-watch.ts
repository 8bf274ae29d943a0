import { sql, type Kysely } from "kysely";
import type { Logger } from "../../lib/logger.ts";
import { readVersion, type ConfigurationWatch } from "../configuration.ts";
import type { Tables } from "../schema.ts";

const POLL_INTERVAL_MS = 50;

/**
 * Notices other processes' changes on SQLite, which cannot call anybody. `data_version` changes when
 * another connection has committed anything, and costs no access to the disk; only then is the
 * version read.
 */
export function createPollingWatch(main: Kysely<Tables>, logger: Logger): ConfigurationWatch {
  let timer: NodeJS.Timeout | null = null;
  let polling: Promise<void> = Promise.resolve();
  let failing = false;

  function start(onVersion: (version: number) => void): void {
    // Unknown at first, so the first poll always compares: nothing is missed before it.
    let dataVersion = -1;

    async function poll(): Promise<void> {
      const { rows } = await sql<{ data_version: number }>`pragma data_version`.execute(main);
      const found = rows[0]?.data_version ?? -1;
      if (found === dataVersion) return;
      onVersion(await readVersion(main));
      dataVersion = found;
    }

    function schedule(): void {
      // One poll at a time: a poll may wait behind a long transaction.
      const own = setTimeout(() => {
        polling = poll()
          .then(() => (failing = false))
          .catch(report)
          .then(() => {
            if (timer === own) schedule();
          });
      }, POLL_INTERVAL_MS);
      own.unref();
      timer = own;
    }
    schedule();
  }

  /** Once for each time that it begins to fail; the thread reports its own end. */
  function report(error: unknown): void {
    if (!failing && timer) logger.warn({ err: error }, "Changes of other processes cannot be looked for");
    failing = true;
  }

  async function stop(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    await polling;
  }

  return { start, stop };
}
