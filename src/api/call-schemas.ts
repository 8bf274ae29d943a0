import { z } from "zod";
import type { CallView } from "../calls/call.ts";
import type { Json } from "../sandbox/sandbox.ts";
import { pageQuery, pageSchema, queryInteger, queryText } from "./openapi-parts.ts";

const authenticationStatus = z.enum(["success", "failed", "not_required"]);
const codeStatus = z.enum(["success", "failed", "skipped", "queued", "running"]);

/** A call of the log, for OpenAPI; `CallView` is what is answered, and the compiler keeps the two alike. */
export const callSchema: z.ZodType<CallView> = z
  .object({
    id: z.string().meta({ description: "UUIDv7: sorts by time" }),
    create_date: z.iso.datetime(),
    webhook_id: z.string().nullable().meta({ description: "Reference of the webhook; null for an unknown endpoint" }),
    authenticator_id: z.string().nullable(),
    endpoint: z.string(),
    request_method: z.string(),
    request_headers: z.record(z.string(), z.string()).meta({ description: "Credentials are masked" }),
    request_query: z.string(),
    request_payload: z.custom<Json>().meta({ description: "Any JSON value" }),
    raw_body: z.string().nullable().meta({ description: "The exact bytes, see raw_body_encoding" }),
    raw_body_encoding: z.enum(["utf8", "base64"]).nullable(),
    ip_address: z.string().nullable(),
    country_code: z.string().nullable(),
    authentication_status: authenticationStatus,
    code_status: codeStatus,
    http_status: z.int(),
    result_message: z.string().nullable(),
    error_message: z.string().nullable(),
    error_traceback: z.string().nullable(),
    code_log: z.array(z.object({ level: z.string(), text: z.string() })),
    user_id: z.string().nullable().meta({ description: "Login of the user the code ran as" }),
    duration_ms: z.number(),
    attempt: z.int(),
    replay_of: z.string().nullable(),
    test: z.boolean().meta({ description: "Made from the app or the API to try code" }),
  } satisfies Record<keyof CallView, z.ZodType>)
  .meta({ id: "WebhookLog", title: "Logged call" });

export const callPageSchema = pageSchema(callSchema).meta({ id: "WebhookLogPage", title: "Page of logged calls" });

const EARLIEST = 0;
/** The last millisecond of the year 9999. */
const LATEST = 253_402_300_799_999;

/** ISO 8601 or milliseconds since 1970; a time without a zone is UTC. */
const queryTime = z.preprocess(
  parseTime,
  z.int("must be an ISO 8601 time or milliseconds since 1970").min(EARLIEST).max(LATEST),
);

function parseTime(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  // An unescaped `+` of a zone arrives as a space.
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+ -]\d\d:?\d\d)?)?$/i.exec(value);
  if (!match) return value;
  const zone = (match[3] ?? "Z").replace(" ", "+").replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  const time = Date.parse(`${match[1]}T${match[2] ?? "00:00"}${zone}`);
  return Number.isNaN(time) ? value : time;
}

const time = { type: "string", examples: ["2026-11-24T00:00:00Z", "1795478400000"] } as const;

export const callQuerySchema = z.strictObject({
  webhook_id: queryText.optional().meta({ description: "Reference of a webhook" }),
  endpoint: queryText.optional(),
  http_status: queryInteger(100, 599).optional(),
  authentication_status: authenticationStatus.optional(),
  code_status: codeStatus.optional(),
  since: queryTime.optional().meta({ description: "Calls that arrived at or after this time", ...time }),
  until: queryTime.optional().meta({ description: "Calls that arrived before this time", ...time }),
  ...pageQuery,
});

export const testCallSchema = z
  .strictObject({
    method: z.enum(["post", "get"]).optional(),
    headers: z.record(z.string(), z.string()).optional(),
    query: z.string().optional().meta({ description: "Raw query string, without ?" }),
    body: z.string().optional().meta({ description: "Text of the body" }),
    code: z.string().optional().meta({ description: "Source to run in place of the stored one" }),
  })
  .meta({
    id: "TestCall",
    title: "Test call",
    examples: [{ method: "post", headers: { "Content-Type": "application/json" }, body: '{"branch": "main"}' }],
  });
