import type { Pool, PoolClient } from "pg";
import { createActivity } from "../activity.ts";
import type { ColumnValue, Database } from "../database.ts";
import { checkRows, makeInsertHead, rememberByColumns } from "../insert-statement.ts";
import type { Tables } from "../schema.ts";
import { cleanText } from "./clean-text.ts";

/**
 * Rows of one statement. With 24 columns 2,700 would be PostgreSQL's limit of parameters; every number
 * of rows is a prepared statement of its own, so a small limit also keeps these few.
 */
const CHUNK_ROWS = 64;

type Rows = ReadonlyArray<readonly ColumnValue[]>;

/**
 * `insertRows` on PostgreSQL: one prepared `insert … values (…), (…)` for each number of rows.
 *
 * Measured with log rows of 24 columns and 1.5 KB in batches of 50, rows/s and the process's µs a row:
 * this 30,000 and 18; the same without a prepared statement 15,200 and 29; prepared statements of 32, 16
 * and 2 rows in one transaction 20,200 and 22; arrays and `unnest` 16,800 and 25; one JSON text and
 * `json_to_recordset` 17,200 and 20.
 */
export function createInsertRows(pool: Pool): { insertRows: Database["insertRows"]; close(): Promise<void> } {
  const makeHead = rememberByColumns(makeInsertHead);
  const activity = createActivity();

  async function insertRows(table: keyof Tables, columns: readonly string[], rows: Rows): Promise<void> {
    checkRows(columns, rows);
    if (rows.length === 0) return;
    activity.begin();
    try {
      await withClient(pool, (client) => insert(client, makeHead(table, columns), rows));
    } finally {
      activity.end();
    }
  }

  async function close(): Promise<void> {
    await activity.finish();
    await pool.end();
  }

  return { insertRows, close };
}

async function withClient(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await work(client);
  } catch (error) {
    // It may be in the middle of a transaction: not for anybody else.
    client.release(true);
    throw error;
  }
  client.release();
}

async function insert(client: PoolClient, head: string, rows: Rows): Promise<void> {
  if (rows.length <= CHUNK_ROWS) await insertChunk(client, head, rows);
  else await insertInTransaction(client, head, rows);
}

async function insertInTransaction(client: PoolClient, head: string, rows: Rows): Promise<void> {
  await client.query("begin");
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    await insertChunk(client, head, rows.slice(start, start + CHUNK_ROWS));
  }
  await client.query("commit");
}

async function insertChunk(client: PoolClient, head: string, rows: Rows): Promise<void> {
  const text = head + makePlaceholders(rows.length, rows[0]?.length ?? 0);
  await client.query({ name: nameStatement(head, rows.length), text, values: rows.flat().map(cleanText) });
}

const statementNames = new Map<string, string>();

/** Short: PostgreSQL cuts names after 63 bytes, and two that are cut alike would be one statement. */
function nameStatement(head: string, rowCount: number): string {
  let name = statementNames.get(head);
  if (name === undefined) statementNames.set(head, (name = `insert_${statementNames.size}`));
  return `${name}_${rowCount}`;
}

const placeholders = new Map<string, string>();

/** `($1, $2), ($3, $4)` */
function makePlaceholders(rowCount: number, columnCount: number): string {
  const key = `${rowCount}x${columnCount}`;
  const known = placeholders.get(key);
  if (known !== undefined) return known;
  const row = (index: number) =>
    `(${Array.from({ length: columnCount }, (_, column) => `$${index * columnCount + column + 1}`).join(", ")})`;
  const made = Array.from({ length: rowCount }, (_, index) => row(index)).join(", ");
  placeholders.set(key, made);
  return made;
}
