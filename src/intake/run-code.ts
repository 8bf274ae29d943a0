import { openUserRun, toGuestUser, type Guest } from "../guest/guest.ts";
import { maskJson, type Masker } from "../guest/mask.ts";
import { describeFailure } from "../guest/outcome-text.ts";
import type { Input, Json, RunOutcome, RunRequest } from "../sandbox/sandbox.ts";
import type { Code, Route } from "../webhooks/route.ts";
import { createRunMasker } from "./route-masker.ts";
import { readResponse, ResponseError } from "./response.ts";
import { asciiJson, messageReply, type Reply, type Verdict } from "./verdict.ts";

/** What a failing webhook says when its code gave no message. */
const DEFAULT_FAILURE = "The webhook reported a failure";
const BUSY_RETRY_SECONDS = 1;

/** JSON texts that Python counts as false: the answer is then OK, as in the original. */
const FALSY_JSON = new Set(["null", '""', "0", "-0", "0.0", "-0.0", "false", "[]", "{}"]);

export interface CodeLimits {
  /** Bytes of a message in an answer. */
  readonly maxMessageBytes: number;
}

export interface CodeRun {
  readonly request: RunRequest;
  /** To be called with the outcome: keeps what the code did to records, or drops it. */
  readonly settle: (outcome: RunOutcome) => Promise<RunOutcome>;
}

/** The run of a webhook's code as its user; null when that user may do nothing any more. */
export function makeCodeRun(
  { runAs }: Route,
  code: Code,
  request: { readonly headers: Input; readonly payload: Input; readonly callId: string | null },
  guest: Guest,
): CodeRun | null {
  if (!runAs.active) return null;
  const { headers, payload, callId } = request;
  const { inputs, onHostCall, settle } = openUserRun(guest, runAs, toGuestUser(runAs), {
    readOnly: false,
    callId,
  });
  const { program, secrets } = code;
  return { request: { program, secrets, inputs: { headers, payload, ...inputs }, onHostCall }, settle };
}

/**
 * Turns the end of a webhook's code into a verdict.
 *
 * @param outcome null when the code could not be run
 */
export function judgeCode(route: Route, code: Code, outcome: RunOutcome | null, limits: CodeLimits): Verdict {
  if (outcome === null) return fail(`The user ${route.runAs.login}, whom the code runs as, is not active`);
  const mask = createRunMasker(route, code);
  const verdict = outcome.status === "completed" ? judge(outcome, mask, limits) : failed(outcome, mask);
  return {
    ...verdict,
    codeLog: outcome.log.map((line) => ({ level: line.level, text: mask(line.text) })),
    sensitive: outcome.comparedWithSecret,
  };
}

function judge(outcome: RunOutcome & { status: "completed" }, mask: Masker, limits: CodeLimits): Verdict {
  const { exit_code: exitCode, message, response } = outcome.result;
  const given = typeof message === "object" && message !== null && !FALSY_JSON.has(message.json) ? message : null;
  const text = given ? cutText(mask(given.text), limits.maxMessageBytes) : null;
  if (exitCode === true) {
    return { ...fail(text ?? DEFAULT_FAILURE), resultMessage: text };
  }
  const json = given ? limitMessage(maskJson(given.json, mask), limits.maxMessageBytes) : asciiJson("OK");
  if (json === null)
    return fail(`Webhook code execution error: the message is larger than ${limits.maxMessageBytes} bytes`);
  let reply: Reply = messageReply(200, json);
  if (typeof response === "object" && response !== null) {
    try {
      reply = readResponse(JSON.parse(maskJson(response.json, mask)) as Json, reply);
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error;
      return fail(`Webhook code execution error: ${error.message}`);
    }
  }
  return { ...quiet(reply), codeStatus: "success", resultMessage: text ?? "OK" };
}

function failed(outcome: Exclude<RunOutcome, { status: "completed" }>, mask: Masker): Verdict {
  if (outcome.status === "busy" || outcome.status === "lost") {
    const seconds = outcome.status === "busy" ? outcome.retryAfterSeconds : BUSY_RETRY_SECONDS;
    const reply = messageReply(503, asciiJson("Busy, try again"), { "Retry-After": String(seconds) });
    return { ...quiet(reply), errorMessage: outcome.message };
  }
  const verdict = fail(mask(`Webhook code execution error: ${describeFailure(outcome)}`));
  return outcome.status === "raised" ? { ...verdict, errorTraceback: mask(outcome.traceback) } : verdict;
}

/** 500 with the same text for the sender and the log. */
function fail(message: string): Verdict {
  return { ...quiet(messageReply(500, asciiJson(message))), errorMessage: message };
}

function quiet(reply: Reply): Verdict {
  return {
    reply,
    authenticationStatus: "success",
    codeStatus: "failed",
    resultMessage: null,
    errorMessage: null,
    errorTraceback: null,
    codeLog: [],
    sensitive: [],
  };
}

/** @returns JSON text within the limit: a string is cut and says so; null for other values that are too large */
function limitMessage(json: string, maxBytes: number): string | null {
  // Everything but ASCII is escaped, so the text is never shorter than its UTF-8.
  if (json.length <= maxBytes) return json;
  return json.startsWith('"') ? asciiJson(cutText(JSON.parse(json) as string, maxBytes)) : null;
}

const CUT_NOTE = " … (cut)";

function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text).subarray(0, maxBytes - Buffer.byteLength(CUT_NOTE));
  // A character cut in two decodes to U+FFFD: drop it.
  return bytes.toString("utf8").replace(/\uFFFD+$/, "") + CUT_NOTE;
}
