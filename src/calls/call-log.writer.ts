import type { ColumnValue, Database } from "../db/database.ts";
import { isUniqueViolation } from "../db/errors.ts";
import { coerceError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { CallRecord } from "./call.ts";

/** Stores calls. All that finish while one commit is under way share the next one. */
export interface CallLogWriter {
  /**
   * Resolves when the record is durable. When the database stays out of reach it resolves too:
   * the answer does not change, and the process's own log says what was lost.
   */
  append(record: CallRecord): Promise<void>;
  /** Records that wait for their commit. */
  readonly waiting: number;
  /** Whether so much waits that more would only take memory: the database does not keep up. */
  readonly isFull: boolean;
  /** Resolves when everything that was appended is stored or given up. */
  flush(): Promise<void>;
}

const COLUMNS = [
  "id",
  "create_date",
  "webhook_id",
  "authenticator_id",
  "endpoint",
  "request_method",
  "request_headers",
  "request_query",
  "payload_source",
  "raw_body",
  "ip_address",
  "country_code",
  "authentication_status",
  "code_status",
  "http_status",
  "result_message",
  "error_message",
  "error_traceback",
  "code_log",
  "user_id",
  "duration_ms",
  "attempt",
  "replay_of",
  "test",
] as const;

const MAX_BATCH_ROWS = 256;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** What a record takes beside its body, roughly. */
const RECORD_BYTES = 2048;
const RETRY_DELAYS_MS = [50, 200, 1000];

interface Waiting {
  readonly record: CallRecord;
  readonly settle: () => void;
}

export function createCallLogWriter(db: Pick<Database, "insertRows">, logger: Logger): CallLogWriter {
  let queue: Waiting[] = [];
  let writing: Promise<void> | null = null;
  let inBatch = 0;
  let waitingBytes = 0;

  /** Group commit: no timer waits for company; the commit under way is the waiting room. */
  async function writeAll(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, MAX_BATCH_ROWS);
      queue = queue.slice(batch.length);
      inBatch = batch.length;
      await write(batch);
      for (const { record, settle } of batch) {
        waitingBytes -= sizeOf(record);
        settle();
      }
      inBatch = 0;
    }
    writing = null;
  }

  async function write(batch: readonly Waiting[]): Promise<void> {
    const rows = batch.map(({ record }) => toRow(record));
    for (const [attempt, delay] of [...RETRY_DELAYS_MS, null].entries()) {
      try {
        return await db.insertRows("webhook_logs", COLUMNS, rows);
      } catch (thrown) {
        const error = coerceError(thrown);
        // A batch is stored whole or not at all. When it is there already, the try before stored it
        // and only its answer was lost.
        if (attempt > 0 && isUniqueViolation(error)) return;
        if (delay === null) {
          logger.error({ err: error, calls: batch.map(({ record }) => record.id) }, "calls could not be logged");
          return;
        }
        logger.warn({ err: error, calls: batch.length }, "writing the call log failed, trying again");
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  return {
    append(record) {
      return new Promise((settle) => {
        queue.push({ record, settle });
        waitingBytes += sizeOf(record);
        // The first call of an idle moment waits for the end of this turn of the event loop, so
        // that those which finish in the same turn go with it.
        writing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(writeAll);
      });
    },
    get waiting() {
      return queue.length + inBatch;
    },
    get isFull() {
      return waitingBytes >= MAX_WAITING_BYTES;
    },
    async flush() {
      while (writing) await writing;
    },
  };
}

function sizeOf(record: CallRecord): number {
  return RECORD_BYTES + (record.rawBody?.length ?? 0);
}

function toRow(record: CallRecord): ColumnValue[] {
  return [
    record.id,
    record.createDate,
    record.webhookId,
    record.authenticatorId,
    record.endpoint,
    record.requestMethod,
    JSON.stringify(record.requestHeaders),
    record.requestQuery,
    record.payloadSource,
    record.rawBody,
    record.ipAddress,
    null,
    record.authenticationStatus,
    record.codeStatus,
    record.httpStatus,
    record.resultMessage,
    record.errorMessage,
    record.errorTraceback,
    record.codeLog.length === 0 ? null : JSON.stringify(record.codeLog),
    record.userId,
    Math.round(record.durationMs * 1000) / 1000,
    record.attempt,
    record.replayOf,
    record.test ? 1 : 0,
  ];
}
