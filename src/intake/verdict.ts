import type { CallRecord } from "../calls/call.ts";
import { escapeNonAscii } from "../lib/ascii-json.ts";

/**
 * How a call ends: what the sender is told and what is logged. Every step of the intake that ends
 * a call returns one; each is logged exactly once.
 */
export interface Verdict extends Pick<
  CallRecord,
  "authenticationStatus" | "codeStatus" | "resultMessage" | "errorMessage" | "errorTraceback" | "codeLog"
> {
  readonly reply: Reply;
  /** Strings that must not be stored as they are: the code compared them with a secret. */
  readonly sensitive: readonly string[];
}

/** The HTTP answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

type Optional = Partial<Pick<Verdict, "resultMessage" | "errorTraceback" | "codeLog" | "sensitive">>;

/** A call that ends before its code runs. */
export function refuse(
  status: number,
  message: string,
  details: Optional & {
    /** What the log says, where the sender is told less. */
    errorMessage?: string;
    authenticationStatus?: CallRecord["authenticationStatus"];
    retryAfterSeconds?: number;
  } = {},
): Verdict {
  const retryAfter = details.retryAfterSeconds;
  return {
    reply: messageReply(
      status,
      asciiJson(message),
      retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) },
    ),
    authenticationStatus: details.authenticationStatus ?? "failed",
    codeStatus: "skipped",
    resultMessage: null,
    errorMessage: details.errorMessage ?? message,
    errorTraceback: details.errorTraceback ?? null,
    codeLog: details.codeLog ?? [],
    sensitive: details.sensitive ?? [],
  };
}

/** @param messageJson JSON text of the message */
export function messageReply(status: number, messageJson: string, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { "Content-Type": "application/json", ...headers },
    body: `{"message": ${messageJson}}`,
  };
}

/** JSON text of a string with everything but ASCII escaped, as the original answers. */
export function asciiJson(text: string): string {
  return escapeNonAscii(JSON.stringify(text));
}
