import type { ColumnValue } from "../database.ts";
import type { SqliteFailure } from "../errors.ts";

/**
 * What the process and a database thread say to each other.
 *
 * Rows travel as plain arrays of arrays. Measured with log rows of 24 columns and 1.5 KB in batches
 * of 50, main thread only: arrays of arrays 4 µs a row, one flat array 8 µs (`flat()` alone costs as
 * much as the cloning), inserting on the main thread itself 20 µs.
 */
export type ThreadRequest = QueryRequest | BatchRequest | InsertRequest | CloseRequest;

export interface QueryRequest {
  readonly kind: "query";
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Runs statements one after the other, up to the first that fails; what they return is not wanted. */
export interface BatchRequest {
  readonly kind: "batch";
  readonly id: number;
  readonly statements: ReadonlyArray<Pick<QueryRequest, "sql" | "parameters">>;
}

/** Runs `sql` once a row, all of them in one transaction. */
export interface InsertRequest {
  readonly kind: "insert";
  readonly id: number;
  readonly sql: string;
  readonly rows: ReadonlyArray<readonly ColumnValue[]>;
}

export interface CloseRequest {
  readonly kind: "close";
  readonly id: number;
}

export type ThreadReply = ReadyReply | UnopenedReply | DoneReply | FailedReply;

/** The database is open; comes once, before all others. */
export interface ReadyReply {
  readonly kind: "ready";
}

/** The database cannot be opened; the thread ends. */
export interface UnopenedReply {
  readonly kind: "unopened";
  readonly failure: SqliteFailure;
}

export interface DoneReply {
  readonly kind: "done";
  readonly id: number;
  readonly result: ThreadResult;
}

export interface FailedReply {
  readonly kind: "failed";
  readonly id: number;
  readonly failure: SqliteFailure;
}

export interface ThreadResult {
  /** Names of the columns, once; empty for a statement that returns no rows. */
  readonly columns: readonly string[];
  readonly rows: ReadonlyArray<readonly ColumnValue[]>;
  readonly changes: number;
  readonly lastId: number;
}

/** How a thread opens the database. */
export interface ThreadOptions {
  readonly path: string;
  readonly access: "write" | "read";
}
