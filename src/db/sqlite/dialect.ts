import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from "kysely";
import { HooktowerError } from "../../lib/errors.ts";
import type { Activity } from "../activity.ts";
import { findBatch } from "../statements.ts";
import type { Turns } from "../turns.ts";
import type { SqliteThread } from "./thread-client.ts";

/** What a Kysely instance needs to work on a database thread. */
export interface ThreadDialectOptions {
  readonly thread: SqliteThread;
  readonly turns: Turns;
  readonly activity: Activity;
  /** `begin immediate` takes the write lock at once: a transaction that starts reading can't fail when it writes. */
  readonly begin: "begin immediate" | "begin";
}

/** Kysely's dialect for SQLite, over a thread. */
export function createThreadDialect(options: ThreadDialectOptions): Dialect {
  return {
    createAdapter: () => new ThreadAdapter(),
    createDriver: () => createDriver(options),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class ThreadAdapter extends SqliteAdapter {
  // `turns` does the waiting, see there.
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  // Kysely says no, for reasons of its migrator in the past; a failed migration would stay half done.
  // With yes, the migrator reads its state inside the transaction, and `begin immediate` is the lock
  // that two starting processes need.
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

interface ThreadConnection extends DatabaseConnection {
  /** The thread's generation at `begin`; null outside a transaction. */
  transaction: number | null;
}

function createDriver({ thread, turns, activity, begin }: ThreadDialectOptions): Driver {
  function createConnection(): ThreadConnection {
    const connection: ThreadConnection = {
      transaction: null,
      executeQuery: (query) => execute(connection, query),
      streamQuery: () => {
        throw new Error("Streaming is not supported on SQLite; read page by page");
      },
    };
    return connection;
  }

  async function execute<R>(connection: ThreadConnection, query: CompiledQuery): Promise<QueryResult<R>> {
    const batch = findBatch(query);
    if (batch !== null) {
      await runInTransaction(connection, () => thread.batch(batch));
      return { rows: [] };
    }
    const send = () => thread.query(query.sql, query.parameters);
    const { columns, rows, changes, lastId } = await (connection.transaction === null
      ? turns.run(send)
      : runInTransaction(connection, send));
    return {
      rows: rows.map((row) => makeObject(columns, row)) as R[],
      numAffectedRows: BigInt(changes),
      insertId: BigInt(lastId),
    };
  }

  function runInTransaction<T>(connection: ThreadConnection, send: () => Promise<T>): Promise<T> {
    if (connection.transaction === thread.generation) return send();
    throw new HooktowerError("unavailable", "The SQLite thread ended, and the transaction with it");
  }

  async function control(connection: DatabaseConnection, sql: string): Promise<void> {
    await runInTransaction(connection as ThreadConnection, () => thread.query(sql, []));
  }

  return {
    init: () => Promise.resolve(),
    async acquireConnection() {
      activity.begin();
      return createConnection();
    },
    async beginTransaction(connection) {
      await turns.hold();
      (connection as ThreadConnection).transaction = thread.generation;
      await control(connection, begin);
    },
    commitTransaction: (connection) => control(connection, "commit"),
    async rollbackTransaction(connection) {
      // Nothing to roll back in a new thread; the error that led here is the one to tell.
      if ((connection as ThreadConnection).transaction === thread.generation) await control(connection, "rollback");
    },
    async releaseConnection(connection) {
      if ((connection as ThreadConnection).transaction !== null) turns.release();
      activity.end();
    },
    destroy: () => activity.finish(),
  };
}

/** Built here rather than cloned from the thread: names would travel with every row. */
function makeObject(columns: readonly string[], row: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let index = 0; index < columns.length; index++) object[columns[index] as string] = row[index];
  return object;
}
