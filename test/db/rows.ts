import type { Insertable } from "kysely";
import type { ColumnValue } from "../../src/db/database.ts";
import type { UsersTable, WebhookLogsTable } from "../../src/db/schema.ts";

/** A user with what every user needs. */
export function makeUser(login: string, more: Partial<Insertable<UsersTable>> = {}): Insertable<UsersTable> {
  return {
    login,
    name: login,
    email: null,
    password: null,
    group: "user",
    active: 1,
    create_date: 1_700_000_000_000,
    write_date: 1_700_000_000_000,
    create_uid: null,
    ...more,
  };
}

/** A call with what every call needs; about `size` bytes. */
export function makeLog(id: string, more: Partial<WebhookLogsTable> = {}, size = 200): WebhookLogsTable {
  return {
    id,
    create_date: 1_700_000_000_000,
    webhook_id: 1,
    authenticator_id: 1,
    endpoint: "push",
    request_method: "POST",
    request_headers: JSON.stringify({ "content-type": "application/json", "user-agent": "x".repeat(size / 2) }),
    request_query: "",
    payload_source: "json",
    raw_body: new Uint8Array(Buffer.alloc(size / 2, "x")),
    ip_address: "127.0.0.1",
    country_code: null,
    authentication_status: "success",
    code_status: "success",
    http_status: 200,
    result_message: null,
    error_message: null,
    error_traceback: null,
    code_log: null,
    user_id: 1,
    duration_ms: 1.25,
    attempt: 1,
    replay_of: null,
    test: 0,
    ...more,
  };
}

export const LOG_COLUMNS = Object.keys(makeLog("")) as ReadonlyArray<keyof WebhookLogsTable>;

/** A call in the form that `insertRows` takes. */
export function makeLogRow(...call: Parameters<typeof makeLog>): ColumnValue[] {
  const log = makeLog(...call);
  return LOG_COLUMNS.map((column) => log[column]);
}
