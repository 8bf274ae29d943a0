import type { Kysely, Transaction } from "kysely";
import { createBackoff } from "../lib/backoff.ts";
import type { Logger } from "../lib/logger.ts";
import type { Database } from "./database.ts";
import type { Tables } from "./schema.ts";

/** Looks for versions that other processes commit, and hands on each one that it sees, old ones too. */
export interface ConfigurationWatch {
  start(onVersion: (version: number) => void): void;
  /** Resolves when it holds nothing any more. May be started again. */
  stop(): Promise<void>;
}

export interface ConfigurationOptions {
  readonly main: Kysely<Tables>;
  readonly watch: ConfigurationWatch;
  /** Tells the other processes, within the transaction; SQLite's find out by themselves. */
  readonly announce: (trx: Transaction<Tables>, version: number) => Promise<void>;
  readonly logger: Logger;
}

export interface Configuration extends Pick<Database, "changeConfiguration" | "onConfigurationChange"> {
  /** Ends the watching and waits for the listeners that run. */
  stop(): Promise<void>;
}

/** What a process knows about the version of the configuration, and whom it tells. */
export async function createConfiguration(options: ConfigurationOptions): Promise<Configuration> {
  const { main, watch, announce, logger } = options;
  const listeners = new Set<() => Promise<void>>();
  let seenVersion = await readVersion(main);
  // One round of listeners at a time, so that what an earlier round has read can't overwrite the
  // result of a later one; a round that has not begun will see the newest change too.
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  // A listener that failed, as when the database was away, knows too little until it has run again.
  const retry = createBackoff();

  function tellListeners(): Promise<void> {
    next ??= running.then(() => {
      next = null;
      running = runListeners();
      return running;
    });
    return next;
  }

  async function runListeners(): Promise<void> {
    const outcomes = await Promise.allSettled([...listeners].map((listener) => listener()));
    const failures = outcomes.filter((outcome) => outcome.status === "rejected");
    for (const { reason } of failures)
      logger.error({ err: reason as unknown }, "A listener of configuration changes failed; it is called again");
    if (failures.length === 0) retry.reset();
    else retry.later(() => void tellListeners());
  }

  /** Resolves when the listeners have run that came after this version. */
  function notice(version: number): Promise<void> {
    // Our own change may have come back from the database already: then its round is under way.
    if (version <= seenVersion) return next ?? running;
    seenVersion = version;
    return tellListeners();
  }

  async function changeConfiguration<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    const { result, version } = await main.transaction().execute(async (trx) => {
      // First of all: its row lock lets one change in at a time, on PostgreSQL too.
      const counted = await trx
        .updateTable("configuration_version")
        .set((row) => ({ version: row("version", "+", 1) }))
        .returning("version")
        .executeTakeFirstOrThrow();
      const made = await work(trx);
      await announce(trx, counted.version);
      return { result: made, version: counted.version };
    });
    await notice(version);
    return result;
  }

  function onConfigurationChange(listener: () => Promise<void>): () => void {
    // A function of its own for each call, so that one listener can be added twice.
    const entry = async () => listener();
    listeners.add(entry);
    if (listeners.size === 1) watch.start((version) => void notice(version));
    return () => {
      if (!listeners.delete(entry) || listeners.size > 0) return;
      watch.stop().catch((error: unknown) => logger.warn({ err: error }, "Watching the configuration ended badly"));
    };
  }

  async function stop(): Promise<void> {
    listeners.clear();
    await watch.stop();
    await (next ?? running);
    retry.cancel();
  }

  return { changeConfiguration, onConfigurationChange, stop };
}

export async function readVersion(db: Kysely<Tables>): Promise<number> {
  const { version } = await db.selectFrom("configuration_version").select("version").executeTakeFirstOrThrow();
  return version;
}
