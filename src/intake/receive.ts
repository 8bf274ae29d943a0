import { randomUUIDv7 } from "node:crypto";
import type { CallLogWriter } from "../calls/call-log.writer.ts";
import type { PayloadSource } from "../calls/call.ts";
import type { Guest } from "../guest/guest.ts";
import type { Clock } from "../lib/clock.ts";
import type { GatedOutcome, Sandbox } from "../sandbox/sandbox.ts";
import type { Route } from "../webhooks/route.ts";
import type { RouteTable } from "../webhooks/route-table.ts";
import type { AdmissionControl } from "./admission.ts";
import { checkAddress, findMissingSecrets, GATE, judgeAdmission, makeAuthenticatorRun } from "./authenticate.ts";
import { findClientAddress } from "./client-address.ts";
import type { ReceivedRequest } from "./http-request.ts";
import { headersInput } from "./inputs.ts";
import { readPayload, type Payload } from "./payload.ts";
import { redactHeaders, redactQuery } from "./redact.ts";
import { judgeCode, makeCodeRun, type CodeLimits } from "./run-code.ts";
import { refuse, type Reply, type Verdict } from "./verdict.ts";

/** The parts that a call passes through. */
export interface Intake {
  readonly routes: RouteTable;
  readonly sandbox: Sandbox;
  readonly guest: Guest;
  readonly log: CallLogWriter;
  readonly admission: AdmissionControl;
  readonly clock: Clock;
  readonly limits: CodeLimits;
}

/** A call that was answered: what the sender gets, and what the metrics count. */
export interface AnsweredCall {
  readonly id: string;
  readonly reply: Reply;
  readonly route: Route | undefined;
  readonly verdict: Verdict;
  readonly durationMs: number;
}

/**
 * The path of one call: find the webhook → client address → authenticate → run its code → record
 * → reply. Whatever ends a call early is a verdict; each verdict is recorded once, and the reply
 * is given out after the record is durable.
 */
export async function receive(intake: Intake, request: ReceivedRequest): Promise<AnsweredCall> {
  const startedAt = performance.now();
  const createDate = intake.clock.now();
  const id = randomUUIDv7();
  const found = intake.routes.find(request.method, request.endpoint);
  const address = findClientAddress(request.peer, request.headers, found?.authenticator.trustedProxies ?? null);

  const route = found?.active ? found : undefined;
  const { verdict, payloadSource } = route
    ? await decide(intake, route, request, { id, address })
    : { verdict: refuse(404, "Webhook not found"), payloadSource: "json" as PayloadSource };

  const durationMs = performance.now() - startedAt;
  const mayLog = route ? verdict !== LOG_IS_FULL : intake.admission.mayLogUnknown() && !intake.log.isFull;
  if (mayLog) {
    await intake.log.append({
      ...verdict,
      id,
      createDate,
      webhookId: found?.webhookId ?? null,
      authenticatorId: found?.authenticator.id ?? null,
      endpoint: request.endpoint.slice(0, MAX_ENDPOINT_LENGTH),
      requestMethod: request.method,
      requestHeaders: redactHeaders(request.headers, route, verdict.sensitive),
      requestQuery: redactQuery(request.query, route, verdict.sensitive),
      payloadSource,
      rawBody: keepBody(request.body, route, verdict),
      ipAddress: address,
      httpStatus: verdict.reply.status,
      userId: verdict.codeStatus === "skipped" ? null : (route?.runAs.id ?? null),
      durationMs,
      attempt: 1,
      replayOf: null,
      test: false,
    });
  }
  return { id, reply: verdict.reply, route, verdict, durationMs };
}

/** The one verdict that is not logged: answers wait for the log, and the log does not keep up. */
const LOG_IS_FULL = refuse(503, "The log of calls does not keep up, try again", { retryAfterSeconds: 5 });

async function decide(
  intake: Intake,
  route: Route,
  request: ReceivedRequest,
  { id, address }: { readonly id: string; readonly address: string },
): Promise<{ verdict: Verdict; payloadSource: PayloadSource }> {
  const payload = await readPayload(route.payloadType, request);
  if (intake.log.isFull) return { verdict: LOG_IS_FULL, payloadSource: payload.source };
  if (request.problem) return { verdict: request.problem, payloadSource: payload.source };
  const leave = intake.admission.enter(route);
  if (!leave) {
    const verdict = refuse(503, "Too many calls in progress, try again", { retryAfterSeconds: 1 });
    return { verdict, payloadSource: payload.source };
  }
  try {
    const refused = checkAddress(route, address);
    if (refused) return { verdict: refused, payloadSource: payload.source };
    const { first, second } = await runBoth(intake, route, request, payload, id);
    const admission = judgeAdmission(route, first);
    if (!("admitted" in admission)) return { verdict: admission, payloadSource: payload.source };
    const verdict = judgeCode(route, route.code, second, intake.limits);
    return {
      verdict: {
        ...verdict,
        codeLog: [...admission.codeLog, ...verdict.codeLog],
        sensitive: [...admission.sensitive, ...verdict.sensitive],
      },
      payloadSource: payload.source,
    };
  } finally {
    leave();
  }
}

/** Runs the authenticator, and the webhook's code right after it when the call is let in. */
async function runBoth(
  { sandbox, guest }: Intake,
  route: Route,
  request: ReceivedRequest,
  payload: Payload,
  callId: string,
): Promise<GatedOutcome> {
  const headers = headersInput(request.headers);
  const { body } = request;
  const first = makeAuthenticatorRun(route, { headers, payload: payload.forAuthenticator, body }, guest);
  const mayEnter = findMissingSecrets(route.authenticator).length === 0;
  const code = mayEnter
    ? makeCodeRun(route, route.code, { headers, payload: payload.forWebhook, callId }, guest)
    : null;
  if (code === null) return { first: await sandbox.run(first), second: null };
  const outcome = await sandbox.runGated(first, GATE, code.request);
  return { first: outcome.first, second: outcome.second && (await code.settle(outcome.second)) };
}

const MAX_ENDPOINT_LENGTH = 512;
const MAX_REFUSED_BODY_BYTES = 65_536;
const MAX_UNKNOWN_BODY_BYTES = 4096;

/** Whoever is not let in may not fill the disk: a refused call's large body is not kept. */
function keepBody(body: Uint8Array, route: Route | undefined, verdict: Verdict): Uint8Array | null {
  if (verdict.authenticationStatus === "success") return body;
  return body.length <= (route ? MAX_REFUSED_BODY_BYTES : MAX_UNKNOWN_BODY_BYTES) ? body : null;
}
