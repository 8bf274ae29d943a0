import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Statements kept; the program has about a hundred different ones. */
const CAPACITY = 200;

export interface CachedStatement {
  readonly statement: StatementSync;
  /** Names of the result's columns; empty when the statement returns no rows. */
  readonly columns: readonly string[];
}

export interface StatementCache {
  /** @throws what SQLite says about a statement that is not valid */
  get(sql: string): CachedStatement;
}

/** Prepared statements by their text; the one that was not used for the longest time goes first. */
export function createStatementCache(db: DatabaseSync): StatementCache {
  // A Map keeps the order of insertion, so the first key is the oldest.
  const cache = new Map<string, CachedStatement>();

  function get(sql: string): CachedStatement {
    const known = cache.get(sql);
    if (known) {
      cache.delete(sql);
      cache.set(sql, known);
      return known;
    }
    const prepared = prepare(sql);
    cache.set(sql, prepared);
    if (cache.size > CAPACITY) cache.delete(cache.keys().next().value ?? sql);
    return prepared;
  }

  function prepare(sql: string): CachedStatement {
    // Another statement may change what `select *` returns: DDL runs in migrations only, and
    // starts the cache anew.
    if (/^\s*(create|alter|drop)\b/i.test(sql)) cache.clear();
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return { statement, columns: statement.columns().map(({ name }) => name) };
  }

  return { get };
}
