import { GuestError } from "../../sandbox/sandbox.ts";
import { EgressError } from "../egress/policy.ts";
import { ContentCodingError } from "./content-coding.ts";
import { ExchangeError, TimeoutError, type Stage } from "./exchange.ts";
import type { HttpRequest } from "./http-request.ts";
import { TooLargeError } from "./received-bytes.ts";

/**
 * A failed request as the exception that Python's library would raise, in words for whoever wrote
 * the code. Names the host, never the rest of the URL: there may be secrets in it.
 *
 * @throws the error itself when it is none that a network can be blamed for
 */
export function toGuestError(error: unknown, request: HttpRequest): GuestError {
  const { host } = request.origin;
  if (error instanceof TooLargeError) return new GuestError("requests.ConnectionError", `${host}: ${error.message}`);
  if (error instanceof ContentCodingError) {
    return new GuestError("requests.ContentDecodingError", `${host}: ${error.message}`);
  }
  if (!(error instanceof ExchangeError)) throw error;
  return describeFailure(error.stage, error.cause, request);
}

function describeFailure(stage: Stage, cause: unknown, request: HttpRequest): GuestError {
  const { host } = request.origin;
  if (cause instanceof EgressError) return new GuestError("requests.ConnectionError", cause.message);
  if (cause instanceof TimeoutError) {
    if (stage === "connecting") {
      const text = `Connection to ${host} timed out. (connect timeout=${inSeconds(request.connectTimeoutMs)})`;
      return new GuestError("requests.ConnectTimeout", text);
    }
    const text = `${host}: Read timed out. (read timeout=${inSeconds(request.readTimeoutMs)})`;
    // Python's library calls it so when the head of the response is there already.
    return new GuestError(stage === "waiting" ? "requests.ReadTimeout" : "requests.ConnectionError", text);
  }
  const code = codeOf(cause);
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") {
    return new GuestError("requests.InvalidHeader", `the request cannot be sent: ${textOf(cause)}`);
  }
  if (stage === "connecting") return describeUnconnected(code, cause, request);
  if (stage === "receiving") {
    return new GuestError("requests.ChunkedEncodingError", `${host}: the response broke off: ${reasonOf(code, cause)}`);
  }
  return new GuestError("requests.ConnectionError", `${host}: Connection aborted: ${reasonOf(code, cause)}`);
}

const UNKNOWN_NAME = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME", "EAI_FAIL", "ENODATA"]);

function describeUnconnected(code: string, cause: unknown, { origin }: HttpRequest): GuestError {
  const { host, hostname } = origin;
  if (UNKNOWN_NAME.has(code)) {
    const reason = code === "EAI_AGAIN" ? "Temporary failure in name resolution" : "Name or service not known";
    return new GuestError("requests.ConnectionError", `Failed to resolve '${hostname}' (${reason})`);
  }
  if (isTlsFailure(code, origin)) {
    return new GuestError("requests.SSLError", `${host}: certificate verify failed or no TLS: ${textOf(cause)}`);
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return new GuestError("requests.ConnectTimeout", `Connection to ${host} timed out.`);
  }
  const text = `Failed to establish a new connection to ${host}: ${reasonOf(code, cause)}`;
  return new GuestError("requests.ConnectionError", text);
}

const CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_|ERR_TLS|ERR_SSL|ERR_OSSL|DEPTH_ZERO|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|EPROTO)/;

function isTlsFailure(code: string, { protocol }: URL): boolean {
  // A server that hangs up during the handshake gives a plain reset.
  return CERTIFICATE.test(code) || (protocol === "https:" && code === "ECONNRESET");
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EMFILE: "Too many open files",
  EPIPE: "Broken pipe",
  UND_ERR_SOCKET: "Remote end closed connection without response",
  UND_ERR_HEADERS_OVERFLOW: "the headers of the response are too large",
};

function reasonOf(code: string, cause: unknown): string {
  return REASONS[code] ?? textOf(cause);
}

/** Of several attempts (a name with several addresses) the first one's. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function textOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/\s+/g, " ").trim().slice(0, 300);
}

function inSeconds(ms: number | null): string {
  return String((ms ?? 0) / 1000);
}
