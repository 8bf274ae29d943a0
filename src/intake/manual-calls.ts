import { randomUUIDv7 } from "node:crypto";
import type { CallLogStore, StoredRequest } from "../calls/call-log.store.ts";
import type { CallView } from "../calls/call.ts";
import { makeProgram } from "../guest/programs.ts";
import { describeProblem } from "../guest/outcome-text.ts";
import { HooktowerError, invalid } from "../lib/errors.ts";
import { assertAllowed } from "../records/access.ts";
import type { Input } from "../sandbox/sandbox.ts";
import type { Secrets } from "../tower/keys/secrets.service.ts";
import { withSecrets } from "../webhooks/route-table.ts";
import type { Code, Route } from "../webhooks/route.ts";
import { webhookModel } from "../webhooks/webhook.model.ts";
import { readHeaders, type RequestHeaders } from "./http-request.ts";
import { headersInput } from "./inputs.ts";
import type { ManualCalls, TestCall } from "./intake.ts";
import { readPayload } from "./payload.ts";
import type { Intake } from "./receive.ts";
import { redactHeaders, redactQuery } from "./redact.ts";
import { judgeCode, makeCodeRun } from "./run-code.ts";
import { refuse, type Verdict } from "./verdict.ts";

interface ManualCallsDependencies {
  readonly intake: Intake;
  readonly calls: CallLogStore;
  readonly secrets: Secrets;
}

/** One request to run the code with, however it came about. */
interface ManualRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly query: string;
  readonly body: Uint8Array;
  readonly attempt: number;
  readonly replayOf: string | null;
}

export function createManualCalls({ intake, calls, secrets }: ManualCallsDependencies): ManualCalls {
  async function execute(route: Route, code: Code, request: ManualRequest): Promise<CallView> {
    const startedAt = performance.now();
    const id = randomUUIDv7();
    const createDate = intake.clock.now();
    const payload = await readPayload(route.payloadType, request);
    const leave = intake.admission.enter(route);
    const verdict = leave
      ? await runCode(route, code, { headers: request.headers, payload: payload.forWebhook, callId: id }).finally(leave)
      : refuse(503, "Too many calls in progress, try again", { retryAfterSeconds: 1 });
    // A draft may name secrets that the stored code does not.
    const sensitive = [...verdict.sensitive, ...[...code.secrets.values()].flatMap((value) => value ?? [])];
    await intake.log.append({
      ...verdict,
      id,
      createDate,
      webhookId: route.webhookId,
      authenticatorId: null,
      endpoint: route.endpoint,
      requestMethod: request.method,
      requestHeaders: redactHeaders(request.headers, route, sensitive),
      requestQuery: redactQuery(request.query, route, sensitive),
      payloadSource: payload.source,
      rawBody: request.body,
      ipAddress: null,
      authenticationStatus: "not_required",
      httpStatus: verdict.reply.status,
      userId: route.runAs.id,
      durationMs: performance.now() - startedAt,
      attempt: request.attempt,
      replayOf: request.replayOf,
      test: request.replayOf === null,
    });
    const view = await calls.find(id);
    if (!view) throw new HooktowerError("unavailable", "The call ran, but it could not be logged");
    return view;
  }

  async function runCode(
    route: Route,
    code: Code,
    request: { readonly headers: RequestHeaders; readonly payload: Input; readonly callId: string },
  ): Promise<Verdict> {
    const run = makeCodeRun(route, code, { ...request, headers: headersInput(request.headers) }, intake.guest);
    const outcome = run && (await run.settle(await intake.sandbox.run(run.request)));
    return judgeCode(route, code, outcome, intake.limits);
  }

  /** Draft code is compiled and refused as at saving; it may name secrets that the stored code does not. */
  async function prepareDraft(route: Route, source: string): Promise<Code> {
    const program = intake.sandbox.prepare(makeProgram("webhook", route.reference, intake.routes.render(source)));
    const problem = await intake.sandbox.check(program);
    if (problem) throw invalid([{ path: "code", message: describeProblem(problem) }]);
    return withSecrets(program, await secrets.read(program.secretReferences));
  }

  return {
    async run(reference, call, actor) {
      assertAllowed(actor, webhookModel, "update");
      const route = intake.routes.findByReference(reference);
      if (!route) throw new HooktowerError("not_found", `There is no webhook ${reference}`);
      const code = call.code === undefined ? route.code : await prepareDraft(route, call.code);
      return execute(route, code, makeTestRequest(route, call));
    },
    async replay(callId, actor) {
      assertAllowed(actor, webhookModel, "update");
      const stored = await calls.findRequest(callId);
      if (!stored) throw new HooktowerError("not_found", `There is no call ${callId}`);
      const route = stored.webhookId === null ? undefined : intake.routes.findById(stored.webhookId);
      if (!route)
        throw new HooktowerError("conflict", `Call ${callId} belongs to no webhook, so there is no code to run`);
      return execute(route, route.code, makeReplayRequest(callId, stored));
    },
  };
}

function makeTestRequest(route: Route, call: TestCall): ManualRequest {
  return {
    method: call.method ?? route.method,
    headers: readHeaders(Object.entries(call.headers ?? {}).flat()),
    query: call.query ?? "",
    body: Buffer.from(call.body ?? ""),
    attempt: 1,
    replayOf: null,
  };
}

function makeReplayRequest(callId: string, stored: StoredRequest): ManualRequest {
  if (stored.rawBody === null) {
    throw new HooktowerError("conflict", `The body of call ${callId} was not kept, so it cannot be replayed`);
  }
  return {
    method: stored.method,
    headers: new Map(Object.entries(stored.headers)),
    query: stored.query,
    body: stored.rawBody,
    attempt: stored.attempt + 1,
    replayOf: callId,
  };
}
