import { expect, it } from "vitest";
import { createAdmissionControl } from "../../src/intake/admission.ts";
import { receive, type Intake } from "../../src/intake/receive.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { createCallLogWriter } from "../../src/calls/call-log.writer.ts";
import type { Route } from "../../src/webhooks/route.ts";
import { makeCall } from "../calls/records.ts";

it("answers 503 and runs nothing while the log does not keep up", async () => {
  // A database that never answers: the real writer fills up in front of it.
  const log = createCallLogWriter({ insertRows: () => new Promise(() => undefined) }, silentLogger);
  for (let index = 0; index < 65; index += 1) void log.append(makeCall({ rawBody: new Uint8Array(1024 * 1024) }));
  const route = { active: true, payloadType: "json", authenticator: { trustedProxies: null } } as Route;
  const intake = {
    log,
    clock: systemClock,
    admission: createAdmissionControl(1, systemClock),
    routes: { find: () => route },
    // No sandbox: touching it would throw.
  } as unknown as Intake;
  const request = {
    method: "post",
    endpoint: "a",
    query: "",
    headers: new Map(),
    peer: "127.0.0.1",
    body: Buffer.from("{}"),
  };
  const call = await receive(intake, request);
  expect(call.reply).toMatchObject({ status: 503, headers: { "Retry-After": "5" } });
  expect(log.waiting).toBe(65);
});
