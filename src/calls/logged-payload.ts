import type { WebhookLogsTable } from "../db/schema.ts";
import { readForm, readQuery } from "../lib/form.ts";
import { isTooDeep } from "../lib/json-depth.ts";
import type { Json } from "../sandbox/sandbox.ts";
import type { CallView } from "./call.ts";

type LoggedRequest = Pick<WebhookLogsTable, "payload_source" | "request_query" | "raw_body">;

/**
 * `request_payload` of a logged call. It is read from the stored bytes whenever somebody looks:
 * storing it beside them would double every row. What cannot be read is an empty object, as it
 * was for the code.
 */
export async function readLoggedPayload(row: LoggedRequest, headers: Readonly<Record<string, string>>): Promise<Json> {
  if (row.payload_source === "query") return readQuery(row.request_query);
  if (row.raw_body === null) return null;
  if (row.payload_source === "form") return readForm(row.raw_body, headers["Content-Type"]);
  const text = isTooDeep(row.raw_body) ? null : decodeUtf8(row.raw_body);
  if (text === null || text.trim() === "") return {};
  try {
    return JSON.parse(text.replace(/^\uFEFF/, "")) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Text when the bytes are UTF-8, else base64: nothing is lost either way. */
export function readBodyText(bytes: Uint8Array | null): Pick<CallView, "raw_body" | "raw_body_encoding"> {
  if (bytes === null) return { raw_body: null, raw_body_encoding: null };
  const text = decodeUtf8(bytes);
  if (text !== null) return { raw_body: text, raw_body_encoding: "utf8" };
  return { raw_body: Buffer.from(bytes).toString("base64"), raw_body_encoding: "base64" };
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    // A byte order mark is part of the bytes that were signed: it stays.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
