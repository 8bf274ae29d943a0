import type { Kysely, Transaction } from "kysely";
import type { Owner } from "./owner.ts";
import type { Tables } from "./schema.ts";

/** What a column of a batch may hold, on both databases. */
export type ColumnValue = string | number | Uint8Array | null;

/**
 * The open database. Everything is asynchronous on both dialects: SQLite lives in threads of its
 * own, so neither a commit's fsync nor a long search ever stops the event loop.
 */
export interface Database {
  readonly dialect: "sqlite" | "postgres";
  /** Reads and short transactions. Never await anything but queries inside a transaction. */
  readonly main: Kysely<Tables>;
  /** For reads that may take long (the call log): they do not stand in the way of `main`. */
  readonly reader: Kysely<Tables>;

  /**
   * Inserts rows of one table in one durable transaction; resolves after the commit.
   * The hot path of the call log: statements are prepared once per table and column list.
   *
   * @param rows each in the order of `columns`
   */
  insertRows(
    table: keyof Tables,
    columns: readonly string[],
    rows: ReadonlyArray<readonly ColumnValue[]>,
  ): Promise<void>;

  /**
   * Runs `work` in a transaction that changes configuration: counts the version up in the same
   * transaction, and after the commit tells every process on this database, this one included.
   */
  changeConfiguration<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>;

  /**
   * Calls `listener` after configuration changed, here or in another process.
   * `changeConfiguration` resolves only after the listeners of this process have finished, so a listener
   * must not change configuration itself: it would wait for itself. One round of listeners runs at a time;
   * changes that come while one runs share the next. May be called without need, never too seldom: when a
   * listener fails, all are called again, after a quarter of a second at first, then more and more seldom.
   *
   * @returns a function that stops it
   */
  onConfigurationChange(listener: () => Promise<void>): () => void;

  /** This process as the holder of leases; ends with `close`. The same each time. */
  getOwner(): Owner;

  /** True while queries work: a round trip within `timeoutMs`. */
  ping(timeoutMs: number): Promise<boolean>;

  /** Waits for what is under way, then closes every connection and thread. */
  close(): Promise<void>;
}
