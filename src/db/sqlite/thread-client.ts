import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { coerceError, HooktowerError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { ColumnValue } from "../database.ts";
import { SqliteError, type SqliteFailure } from "../errors.ts";
import type { DoneReply, FailedReply, ThreadOptions, ThreadReply, ThreadRequest, ThreadResult } from "./protocol.ts";

/** One SQLite connection in a thread of its own. */
export interface SqliteThread {
  /** Changes with every new thread: a transaction of an earlier one is gone. */
  readonly generation: number;
  /** @throws SqliteError; HooktowerError `unavailable` when the thread is not there or ends */
  query(sql: string, parameters: readonly unknown[]): Promise<ThreadResult>;
  /** Statements one after the other, up to the first that fails. Errors as in `query`. */
  batch(statements: ReadonlyArray<{ readonly sql: string; readonly parameters: readonly unknown[] }>): Promise<void>;
  /** All rows in one durable transaction. Errors as in `query`. */
  insert(sql: string, rows: ReadonlyArray<readonly ColumnValue[]>): Promise<void>;
  /** Ends the thread after what was sent before. */
  close(): Promise<void>;
  /** For tests: ends the thread as a crash would. */
  crash(): Promise<void>;
}

interface Pending {
  readonly resolve: (result: ThreadResult) => void;
  /** Takes what the thread said; errors are made by the awaiting function, so that they carry its stack. */
  readonly reject: (reason: SqliteFailure | HooktowerError) => void;
}

type Unsent<T> = T extends ThreadRequest ? Omit<T, "id"> : never;

// Compiled files start compiled threads, sources start sources.
const ENTRY = new URL(`./thread${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

const FIRST_RESTART_DELAY_MS = 100;
const LAST_RESTART_DELAY_MS = 10_000;

/**
 * Opens the database in a new thread.
 *
 * A thread that ends by itself (out of memory, a bug in SQLite) is replaced: everything committed
 * is in the file, so a new connection goes on where the old one stopped, and a server that keeps
 * answering is worth more than one that waits for its supervisor. Until then everything is refused.
 *
 * @throws HooktowerError `unavailable` when the database cannot be opened
 */
export async function startSqliteThread(options: ThreadOptions, logger: Logger): Promise<SqliteThread> {
  const pending = new Map<number, Pending>();
  let worker: Worker | null = null;
  let generation = 0;
  let lastId = 0;
  let closing = false;
  let restartTimer: NodeJS.Timeout | undefined;

  function start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const started = new Worker(ENTRY, { workerData: options, name: `hooktower-sqlite-${options.access}` });
    let failure: Error | null = null;
    started.on("message", (reply: ThreadReply) => {
      if (reply.kind === "ready" && closing) void started.terminate();
      else if (reply.kind === "ready") {
        worker = started;
        generation += 1;
        resolve();
      } else if (reply.kind === "unopened") {
        failure = new HooktowerError("unavailable", `${options.path} cannot be opened: ${reply.failure.message}`);
      } else settle(reply);
    });
    started.on("error", (error) => (failure = coerceError(error)));
    started.on("exit", (code) => {
      reject(failure ?? new HooktowerError("unavailable", `The SQLite thread ended with code ${code}`));
      if (worker === started) stopped(failure, code);
    });
    return promise;
  }

  function settle(reply: DoneReply | FailedReply): void {
    const request = pending.get(reply.id);
    if (!request) return;
    pending.delete(reply.id);
    if (reply.kind === "done") request.resolve(reply.result);
    else request.reject(reply.failure);
  }

  function stopped(failure: Error | null, code: number): void {
    worker = null;
    const lost = [...pending.values()];
    pending.clear();
    for (const request of lost) request.reject(describeAbsence());
    if (closing) return;
    logger.error({ err: failure, code, lost: lost.length }, "The SQLite thread ended unexpectedly; starting another");
    restart(FIRST_RESTART_DELAY_MS);
  }

  function restart(delayMs: number): void {
    // Not unref'd: a process whose only work is waiting for its database should wait.
    restartTimer = setTimeout(() => {
      start().catch((error: unknown) => {
        if (closing) return;
        logger.error({ err: error }, "The SQLite thread cannot be started; trying again");
        restart(Math.min(delayMs * 2, LAST_RESTART_DELAY_MS));
      });
    }, delayMs);
  }

  function send(request: Unsent<ThreadRequest>): Promise<ThreadResult> {
    return new Promise((resolve, reject: Pending["reject"]) => {
      if (!worker) return reject(describeAbsence());
      const id = ++lastId;
      // First the message: one that cannot be cloned throws here and leaves nothing pending.
      worker.postMessage({ ...request, id });
      pending.set(id, { resolve, reject });
    });
  }

  async function query(sql: string, parameters: readonly unknown[]): Promise<ThreadResult> {
    try {
      return await send({ kind: "query", sql, parameters: parameters.map(compactBytes) });
    } catch (reason) {
      throw makeError(reason, sql);
    }
  }

  async function batch(statements: Parameters<SqliteThread["batch"]>[0]): Promise<void> {
    try {
      const compact = statements.map(({ sql, parameters }) => ({ sql, parameters: parameters.map(compactBytes) }));
      await send({ kind: "batch", statements: compact });
    } catch (reason) {
      throw makeError(reason, `${statements.length} statements`);
    }
  }

  async function insert(sql: string, rows: ReadonlyArray<readonly ColumnValue[]>): Promise<void> {
    try {
      await send({ kind: "insert", sql, rows: rows.map((row) => row.map(compactBytes)) });
    } catch (reason) {
      throw makeError(reason, sql);
    }
  }

  async function close(): Promise<void> {
    closing = true;
    clearTimeout(restartTimer);
    const ending = worker;
    if (!ending) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    await send({ kind: "close" });
    await ended;
  }

  async function crash(): Promise<void> {
    await worker?.terminate();
  }

  await start();
  return {
    get generation() {
      return generation;
    },
    query,
    batch,
    insert,
    close,
    crash,
  };
}

function describeAbsence(): HooktowerError {
  return new HooktowerError("unavailable", "The SQLite thread is not running", { retryAfterSeconds: 1 });
}

function makeError(reason: unknown, sql: string): Error {
  return reason instanceof Error ? reason : new SqliteError(reason as SqliteFailure, sql);
}

/**
 * Cloning a view clones all of the memory that it is a view of, and Node's small Buffers are views of
 * a shared pool: 64 KiB would travel for ten bytes.
 */
function compactBytes<T>(value: T): T | Uint8Array {
  return value instanceof Uint8Array && value.byteLength !== value.buffer.byteLength ? new Uint8Array(value) : value;
}
