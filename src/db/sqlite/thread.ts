import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { describeFailure, openConnection } from "./connection.ts";
import { createStatementCache } from "./statement-cache.ts";
import type { InsertRequest, ThreadOptions, ThreadReply, ThreadRequest, ThreadResult } from "./protocol.ts";

/** Entry of a database thread: one connection, requests answered in the order in which they come. */

const NO_RESULT: ThreadResult = { columns: [], rows: [], changes: 0, lastId: 0 };

const port = parentPort;
if (!port) throw new Error("This file runs as a worker thread only");

try {
  serve(openConnection(workerData as ThreadOptions));
  reply({ kind: "ready" });
} catch (error) {
  reply({ kind: "unopened", failure: describeFailure(error) });
}

function reply(message: ThreadReply): void {
  port?.postMessage(message);
}

function serve(db: DatabaseSync): void {
  const statements = createStatementCache(db);

  port?.on("message", (request: ThreadRequest) => {
    try {
      reply({ kind: "done", id: request.id, result: answer(request) });
    } catch (error) {
      reply({ kind: "failed", id: request.id, failure: describeFailure(error) });
    }
    if (request.kind === "close") port.close();
  });

  function answer(request: ThreadRequest): ThreadResult {
    if (request.kind === "query") return run(request.sql, request.parameters);
    if (request.kind === "batch") for (const { sql, parameters } of request.statements) run(sql, parameters);
    else if (request.kind === "insert") insertRows(request);
    else db.close();
    return NO_RESULT;
  }

  function run(sql: string, parameters: readonly unknown[]): ThreadResult {
    // After some errors (disk full, for one) SQLite has rolled back by itself.
    if (sql === "rollback" && !db.isTransaction) return NO_RESULT;
    const { statement, columns } = statements.get(sql);
    const values = parameters as SQLInputValue[];
    if (columns.length === 0) {
      const { changes, lastInsertRowid } = statement.run(...values);
      return { columns, rows: [], changes: Number(changes), lastId: Number(lastInsertRowid) };
    }
    const rows = statement.all(...values) as unknown as ThreadResult["rows"];
    return { columns, rows, changes: rows.length, lastId: 0 };
  }

  function insertRows({ sql, rows }: InsertRequest): void {
    const { statement } = statements.get(sql);
    db.exec("begin immediate");
    try {
      for (const row of rows) statement.run(...row);
      db.exec("commit");
    } catch (error) {
      if (db.isTransaction) db.exec("rollback");
      throw error;
    }
  }
}
