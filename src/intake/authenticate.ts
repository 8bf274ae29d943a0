import { openUserRun, type Guest } from "../guest/guest.ts";
import type { Masker } from "../guest/mask.ts";
import { describeFailure } from "../guest/outcome-text.ts";
import type { Input, RunOutcome, RunRequest } from "../sandbox/sandbox.ts";
import type { Authenticator, Route } from "../webhooks/route.ts";
import { PUBLIC_USER } from "./inputs.ts";
import { getRouteMasker } from "./route-masker.ts";
import { refuse, type Verdict } from "./verdict.ts";

const DEFAULT_DENIAL = "Authentication not allowed";
const BUSY_RETRY_SECONDS = 1;

/** What a call that may enter carries on: strings its code compared with secrets, and its log lines. */
export interface Admission {
  readonly admitted: true;
  readonly sensitive: readonly string[];
  readonly codeLog: RunOutcome["log"];
}

/** @returns why an address may not call; null when it may try */
export function checkAddress({ authenticator }: Route, address: string): Verdict | null {
  if (!authenticator.allowedAddresses || authenticator.allowedAddresses.matches(address)) return null;
  return refuse(403, "Address not allowed", { errorMessage: `Address not allowed: ${address}` });
}

/**
 * The run of the authenticator's code. Nothing acts on the body before. It may read what the webhook's
 * user may read, and changes nothing: who calls is not known yet.
 */
export function makeAuthenticatorRun(
  { authenticator: { code }, runAs }: Route,
  request: { readonly headers: Input; readonly payload: Input; readonly body: Uint8Array },
  guest: Guest,
): RunRequest {
  const { headers, payload, body } = request;
  const { inputs, onHostCall } = openUserRun(guest, runAs.active ? runAs : null, PUBLIC_USER, { readOnly: true });
  return {
    program: code.program,
    secrets: code.secrets,
    inputs: { headers, payload, raw_data: { kind: "bytes", bytes: body }, ...inputs },
    onHostCall,
  };
}

/** The reading that lets a call in. */
export const GATE = "allowed";

/** References of the secrets that the code names and that have no value. */
export function findMissingSecrets({ code }: Authenticator): string[] {
  return [...code.secrets].flatMap(([reference, value]) => (value === null ? [reference] : []));
}

/**
 * Decides whether the call may enter. Never open by absence: code that allows a call although a
 * secret it names has no value is answered 503.
 */
export function judgeAdmission(route: Route, outcome: RunOutcome): Admission | Verdict {
  const mask = getRouteMasker(route);
  return outcome.status === "completed" ? judge(route, outcome, mask) : denyFailure(outcome, mask);
}

function judge(route: Route, outcome: RunOutcome & { status: "completed" }, mask: Masker): Admission | Verdict {
  const { result } = outcome;
  const details = describeRun(outcome, mask);
  if (result[GATE] !== true) {
    const message = result["message"];
    const text = typeof message === "object" && message !== null ? mask(message.text) : DEFAULT_DENIAL;
    return refuse(readDenialStatus(result["http_code"]), text, details);
  }
  const missing = findMissingSecrets(route.authenticator);
  if (missing.length > 0) {
    return refuse(503, "Authentication is not set up", {
      ...details,
      errorMessage: `The authenticator allowed the call although these secrets have no value: ${missing.join(", ")}`,
    });
  }
  return { admitted: true, sensitive: outcome.comparedWithSecret, codeLog: details.codeLog };
}

function denyFailure(outcome: Exclude<RunOutcome, { status: "completed" }>, mask: Masker): Verdict {
  const details = describeRun(outcome, mask);
  if (outcome.status === "busy" || outcome.status === "lost") {
    const retryAfterSeconds = outcome.status === "busy" ? outcome.retryAfterSeconds : BUSY_RETRY_SECONDS;
    return refuse(503, "Busy, try again", { ...details, errorMessage: outcome.message, retryAfterSeconds });
  }
  return refuse(403, mask(`Authentication code error: ${describeFailure(outcome)}`), {
    ...details,
    ...(outcome.status === "raised" && { errorTraceback: mask(outcome.traceback) }),
  });
}

/** 400 to 599 as the code says; anything else would not be a denial. */
function readDenialStatus(value: boolean | { json: string } | null | undefined): number {
  const json = typeof value === "object" && value !== null ? value.json : "";
  return /^[45]\d\d$/.test(json) ? Number(json) : 403;
}

function describeRun(outcome: RunOutcome, mask: Masker) {
  return {
    codeLog: outcome.log.map((line) => ({ level: line.level, text: mask(line.text) })),
    sensitive: outcome.comparedWithSecret,
  };
}
