import type { IncomingHttpHeaders } from "node:http";

export type RequestOrigin = "same" | "other" | "unknown";

/**
 * Whether a browser sent the request from a page of this server. Browsers set these headers and
 * pages cannot change them; programs send none of them, which gives "unknown".
 */
export function findRequestOrigin(headers: IncomingHttpHeaders, baseUrl: string): RequestOrigin {
  const site = headers["sec-fetch-site"];
  // "none": typed into the address bar. "same-site" is another host, so it is not enough.
  if (site !== undefined) return site === "same-origin" || site === "none" ? "same" : "other";
  const { origin } = headers;
  if (origin === undefined) return "unknown";
  if (!URL.canParse(origin)) return "other";
  return origin === new URL(baseUrl).origin || new URL(origin).host === headers.host ? "same" : "other";
}
