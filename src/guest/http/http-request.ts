import { z } from "zod";
import { GuestError, type Json } from "../../sandbox/sandbox.ts";

/** Largest body of a request, in bytes. `requests_body.py` says the same, and refuses more sooner. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** One request as a program wants it, checked: it may come from a runner that was taken over. */
export interface HttpRequest {
  readonly method: string;
  /** Scheme, host and port as the WHATWG parser reads them: what is decided on is what is connected to. */
  readonly origin: URL;
  /** Path and query as they are written, never empty. */
  readonly target: string;
  /** Name, value, name, value …; text is Latin-1. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | null;
  /** Milliseconds; null for no limit but the run's own. */
  readonly connectTimeoutMs: number | null;
  /** Milliseconds without anything from the server; null for no limit but the run's own. */
  readonly readTimeoutMs: number | null;
  readonly verify: boolean;
  /** Whether the connection is closed afterwards. */
  readonly close: boolean;
}

const MAX_TIMEOUT_MS = 3_600_000;
/** Node's own limit for what it takes from servers is the same. */
const MAX_HEADER_BYTES = 64 * 1024;

const seconds = z
  .number()
  .positive()
  .transform((value) => Math.min(Math.max(Math.round(value * 1000), 1), MAX_TIMEOUT_MS))
  .nullable();

const shape = z.strictObject({
  method: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}$/),
  url: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string().nullable(),
  connect_timeout: seconds,
  read_timeout: seconds,
  verify: z.boolean(),
});

/** They belong to the connection, which is not the program's. */
const CONNECTION_HEADERS = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** @throws GuestError for what cannot be sent */
export function parseHttpRequest(args: Json): HttpRequest {
  const parsed = shape.safeParse(args);
  if (!parsed.success) throw new GuestError("requests.RequestException", "the request is malformed");
  const { method, url, headers, body, connect_timeout, read_timeout, verify } = parsed.data;
  // A tunnel would be a way around every rule.
  if (method.toUpperCase() === "CONNECT") throw new GuestError("requests.RequestException", "CONNECT cannot be sent");
  return {
    method,
    ...readUrl(url),
    headers: readHeaders(headers),
    body: body === null ? null : readBody(body),
    connectTimeoutMs: connect_timeout,
    readTimeoutMs: read_timeout,
    verify,
    close: headers.some(([name, value]) => name.toLowerCase() === "connection" && value.toLowerCase() === "close"),
  };
}

function readUrl(url: string): { readonly origin: URL; readonly target: string } {
  // The authority holds nothing on which parsers could differ about where it ends.
  const [, authority = "", target = ""] = /^(https?:\/\/[^/?#@\\\s]+)([/?][\x21-\x7e]*)?$/.exec(url) ?? [];
  if (!URL.canParse(authority)) throw new GuestError("requests.InvalidURL", "Invalid URL: its host cannot be read");
  return { origin: new URL(authority), target: target.startsWith("/") ? target : `/${target}` };
}

function readHeaders(headers: ReadonlyArray<readonly [string, string]>): string[] {
  let bytes = 0;
  for (const [name, value] of headers) {
    bytes += name.length + value.length;
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      throw new GuestError("requests.InvalidHeader", `Invalid header name ${JSON.stringify(name.slice(0, 100))}`);
    }
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new GuestError("requests.InvalidHeader", `Invalid value of header ${name}: only Latin-1 text can be sent`);
    }
  }
  if (bytes > MAX_HEADER_BYTES) {
    throw new GuestError("requests.InvalidHeader", `the headers are larger than ${MAX_HEADER_BYTES} bytes`);
  }
  return headers.filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase())).flat();
}

function readBody(base64: string): Buffer {
  const body = Buffer.from(base64, "base64");
  if (body.length > MAX_REQUEST_BYTES) {
    throw new GuestError("requests.RequestException", `the body is larger than ${MAX_REQUEST_BYTES} bytes`);
  }
  return body;
}
