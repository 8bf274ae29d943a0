import type { Json } from "../sandbox/sandbox.ts";
import type { Reply } from "./verdict.ts";

/** `result["response"]` cannot be sent; the text says why. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
}

/** Framing and connection belong to the server; code that sets them would break the answer. */
const RESERVED_HEADERS = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The answer that code asks for by `result["response"] = {"status", "headers", "body"}`, each
 * optional: for handshakes and for senders that want a particular answer. A `body` that is text
 * is sent as it is (text/plain unless the headers say otherwise), anything else as JSON.
 *
 * @param usual what is sent without it; parts that are not given are taken from there
 * @throws ResponseError
 */
export function readResponse(value: Json, usual: Reply): Reply {
  if (value === null) return usual;
  if (typeof value !== "object" || Array.isArray(value)) throw new ResponseError("response must be a dict");
  const unknown = Object.keys(value).filter((key) => !["status", "headers", "body"].includes(key));
  if (unknown.length > 0) throw new ResponseError(`response has unknown keys: ${unknown.join(", ")}`);
  const body = readBody(value["body"], usual);
  return {
    status: readStatus(value["status"], usual.status),
    headers: { ...body.headers, ...readHeaders(value["headers"]) },
    body: body.body,
  };
}

function readStatus(value: Json | undefined, usual: number): number {
  if (value === undefined || value === null) return usual;
  if (typeof value === "number" && Number.isInteger(value) && value >= 200 && value <= 599) return value;
  throw new ResponseError("response status must be a whole number from 200 to 599");
}

function readHeaders(value: Json | undefined): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new ResponseError("response headers must be a dict");
  const headers: Record<string, string> = {};
  for (const [name, content] of Object.entries(value)) {
    const isPlain = typeof content === "string" || typeof content === "number";
    if (!isPlain || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(String(content))) {
      throw new ResponseError(`response header ${JSON.stringify(name)} is not valid`);
    }
    if (RESERVED_HEADERS.has(name.toLowerCase()))
      throw new ResponseError(`response header ${name} is set by the server`);
    headers[canonicalName(name)] = String(content);
  }
  return headers;
}

/** `content-type` must replace our own Content-Type, not stand beside it. */
function canonicalName(name: string): string {
  return name.toLowerCase() === "content-type" ? "Content-Type" : name;
}

function readBody(value: Json | undefined, usual: Reply): Pick<Reply, "headers" | "body"> {
  if (value === undefined) return { headers: usual.headers, body: usual.body };
  if (value === null) return { headers: {}, body: "" };
  if (typeof value === "string") return { headers: { "Content-Type": "text/plain; charset=utf-8" }, body: value };
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
