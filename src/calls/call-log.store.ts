import { sql, type Kysely, type RawBuilder } from "kysely";
import type { Database } from "../db/database.ts";
import type { Tables } from "../db/schema.ts";
import { formatTime } from "../lib/clock.ts";
import { invalid } from "../lib/errors.ts";
import type { CallLog, CallQuery, CallView } from "./call.ts";
import { readBodyText, readLoggedPayload } from "./logged-payload.ts";

/** What a replay needs of a logged call. */
export interface StoredRequest {
  readonly webhookId: number | null;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  readonly rawBody: Uint8Array | null;
  readonly attempt: number;
}

export interface CallLogStore extends CallLog {
  findRequest(id: string): Promise<StoredRequest | null>;
}

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 500;
const ID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function createCallLogStore(db: Database): CallLogStore {
  return {
    async list(query) {
      const limit = Math.min(Math.max(query.limit ?? DEFAULT_PAGE_SIZE, 1), MAX_PAGE_SIZE);
      const rows = await filter(selectCalls(db.reader), query, db.dialect)
        .orderBy("log.id", "desc")
        .limit(limit + 1)
        .execute();
      const items = await Promise.all(rows.slice(0, limit).map(toView));
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    async find(id) {
      const row = await selectCalls(db.reader).where("log.id", "=", id).executeTakeFirst();
      return row ? toView(row) : null;
    },
    async listAfter(id, limit) {
      if (id === null) {
        const newest = await selectCalls(db.reader).orderBy("log.id", "desc").limit(1).execute();
        return Promise.all(newest.map(toView));
      }
      const rows = await selectCalls(db.reader).where("log.id", ">", id).orderBy("log.id").limit(limit).execute();
      return Promise.all(rows.map(toView));
    },
    async findRequest(id) {
      const row = await db.reader
        .selectFrom("webhook_logs")
        .select(["webhook_id", "request_method", "request_headers", "request_query", "raw_body", "attempt"])
        .where("id", "=", id)
        .executeTakeFirst();
      if (!row) return null;
      return {
        webhookId: row.webhook_id,
        method: row.request_method,
        headers: JSON.parse(row.request_headers) as Record<string, string>,
        query: row.request_query,
        rawBody: row.raw_body,
        attempt: row.attempt,
      };
    },
  };
}

/** Calls with the references of what they belong to. A deleted webhook leaves its id without a name. */
function selectCalls(db: Kysely<Tables>) {
  return db
    .selectFrom("webhook_logs as log")
    .leftJoin("webhooks as webhook", "webhook.id", "log.webhook_id")
    .leftJoin("webhook_authenticators as authenticator", "authenticator.id", "log.authenticator_id")
    .leftJoin("users as user", "user.id", "log.user_id")
    .selectAll("log")
    .select([
      "webhook.reference as webhook_reference",
      "authenticator.reference as authenticator_reference",
      "user.login as user_login",
    ]);
}

type CallSelect = ReturnType<typeof selectCalls>;
type CallRow = Awaited<ReturnType<CallSelect["execute"]>>[number];

function filter(select: CallSelect, query: CallQuery, dialect: Database["dialect"]): CallSelect {
  let filtered = select;
  if (query.cursor !== undefined) {
    if (!ID_PATTERN.test(query.cursor)) throw invalid([{ path: "cursor", message: "is not a cursor of this list" }]);
    filtered = filtered.where("log.id", "<", query.cursor);
  }
  if (query.webhook_id !== undefined) {
    // As a scalar subquery, so that the index on (webhook_id, id) is used.
    const { webhook_id: reference } = query;
    filtered = filtered.where("log.webhook_id", "=", (where) =>
      where.selectFrom("webhooks").select("webhooks.id").where("webhooks.reference", "=", reference),
    );
  }
  if (query.endpoint !== undefined) filtered = filtered.where("log.endpoint", "=", query.endpoint);
  if (query.http_status !== undefined) filtered = filtered.where("log.http_status", "=", query.http_status);
  if (query.authentication_status !== undefined) {
    filtered = filtered.where("log.authentication_status", "=", query.authentication_status);
  }
  if (query.code_status !== undefined) filtered = filtered.where("log.code_status", "=", query.code_status);
  if (query.since !== undefined) filtered = filtered.where("log.create_date", ">=", query.since);
  if (query.until !== undefined) filtered = filtered.where("log.create_date", "<", query.until);
  return query.search ? search(filtered, query.search, dialect) : filtered;
}

const SEARCHED_COLUMNS = ["endpoint", "request_headers", "ip_address", "result_message", "error_message"] as const;

/** Text anywhere in a call, whatever the case (of ASCII letters, in bodies and on SQLite). */
function search(select: CallSelect, text: string, dialect: Database["dialect"]): CallSelect {
  const body = searchedBody(text, dialect);
  // Both sides go through the database's `lower`: it and JavaScript's do not agree on all letters.
  return select.where((where) =>
    where.or([
      ...SEARCHED_COLUMNS.map((column) => isLike(sql.ref(`log.${column}`), text)),
      isLike(body.text, body.pattern),
    ]),
  );
}

/** Bytes that are no text must not make the search fail: PostgreSQL would refuse to convert them. */
function searchedBody(text: string, dialect: Database["dialect"]): { text: RawBuilder<unknown>; pattern: string } {
  if (dialect === "sqlite") return { text: sql`cast(log.raw_body as text)`, pattern: text };
  // PostgreSQL writes backslashes twice and other than ASCII as \ooo; so must be what is looked for.
  const escaped = [...Buffer.from(text)].map((byte) => {
    if (byte === 0x5c) return "\\\\";
    return byte > 0 && byte < 0x80 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return { text: sql`encode(log.raw_body, 'escape')`, pattern: escaped.join("") };
}

function isLike(column: RawBuilder<unknown>, text: string): RawBuilder<boolean> {
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  return sql<boolean>`lower(${column}) like lower(${pattern}) escape '\\'`;
}

async function toView(row: CallRow): Promise<CallView> {
  const headers = JSON.parse(row.request_headers) as Record<string, string>;
  return {
    id: row.id,
    create_date: formatTime(row.create_date),
    webhook_id: row.webhook_reference,
    authenticator_id: row.authenticator_reference,
    endpoint: row.endpoint,
    request_method: row.request_method,
    request_headers: headers,
    request_query: row.request_query,
    request_payload: await readLoggedPayload(row, headers),
    ...readBodyText(row.raw_body),
    ip_address: row.ip_address,
    country_code: row.country_code,
    authentication_status: row.authentication_status,
    code_status: row.code_status,
    http_status: row.http_status,
    result_message: row.result_message,
    error_message: row.error_message,
    error_traceback: row.error_traceback,
    code_log: row.code_log === null ? [] : (JSON.parse(row.code_log) as CallView["code_log"]),
    user_id: row.user_login,
    duration_ms: row.duration_ms,
    attempt: row.attempt,
    replay_of: row.replay_of,
    test: row.test === 1,
  };
}
