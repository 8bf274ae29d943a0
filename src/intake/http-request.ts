import type { IncomingMessage } from "node:http";
import type { Verdict } from "./verdict.ts";

/** A request as it arrived, before anything is believed or decoded but its path. */
export interface ReceivedRequest {
  readonly method: string;
  /** What follows `/cetmix_tower_webhooks/`, percent-decoded once. */
  readonly endpoint: string;
  /** Raw query string, without `?`. */
  readonly query: string;
  readonly headers: RequestHeaders;
  /** Address of the TCP peer. */
  readonly peer: string;
  readonly body: Uint8Array;
  /** Something that ends the call wherever it goes: the body could not be taken. */
  readonly problem?: Verdict;
}

/** Title-Case names (as WSGI servers give them to the original's snippets), repeated ones joined. */
export type RequestHeaders = ReadonlyMap<string, string>;

export type BodyResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly problem: "too_large" | "incomplete" };

const EMPTY_BODY: BodyResult = { ok: true, bytes: new Uint8Array(0) };

/** Reads the body once and keeps its exact bytes; stops reading at the limit. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<BodyResult> {
  const declared = request.headers["content-length"];
  if (declared === undefined && request.headers["transfer-encoding"] === undefined) return Promise.resolve(EMPTY_BODY);
  if (declared !== undefined && Number(declared) > maxBytes)
    return Promise.resolve({ ok: false, problem: "too_large" });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        request.pause();
        resolve({ ok: false, problem: "too_large" });
      } else {
        chunks.push(chunk);
      }
    });
    request.on("end", () => {
      const [only] = chunks;
      resolve({ ok: true, bytes: chunks.length === 1 && only ? only : Buffer.concat(chunks, length) });
    });
    // A sender that hangs up in the middle: `end` does not come, `close` always does.
    request.on("close", () => resolve({ ok: false, problem: "incomplete" }));
    request.on("error", () => resolve({ ok: false, problem: "incomplete" }));
  });
}

/** @param rawHeaders name, value, name, value … as node:http has them; values are latin-1 text */
export function readHeaders(rawHeaders: readonly string[]): RequestHeaders {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = titleCase(rawHeaders[index] ?? "");
    const value = rawHeaders[index + 1] ?? "";
    const present = headers.get(name);
    headers.set(name, present === undefined ? value : `${present}${name === "Cookie" ? "; " : ", "}${value}`);
  }
  return headers;
}

const MAX_CACHED_NAMES = 2000;
const titleCaseNames = new Map<string, string>();

/** `x-github-event` → `X-Github-Event`. */
export function titleCase(name: string): string {
  const cached = titleCaseNames.get(name);
  if (cached !== undefined) return cached;
  const titled = name.toLowerCase().replace(/(^|-)([a-z])/g, (match) => match.toUpperCase());
  if (titleCaseNames.size < MAX_CACHED_NAMES) titleCaseNames.set(name, titled);
  return titled;
}

/** The path after the prefix, decoded once (as it stands where that cannot be done), and the raw query. */
export function splitTarget(url: string, prefix: string): { endpoint: string; query: string } {
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? "" : url.slice(mark + 1);
  const rest = path.slice(prefix.length);
  if (!rest.includes("%")) return { endpoint: rest, query };
  try {
    return { endpoint: decodeURIComponent(rest), query };
  } catch (error) {
    // No endpoint contains a `%`, so what stays as it is will not be found.
    if (error instanceof URIError) return { endpoint: rest, query };
    throw error;
  }
}
