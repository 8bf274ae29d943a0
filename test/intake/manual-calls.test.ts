import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallView } from "../../src/calls/call.ts";
import { startTestTower, type TestTower } from "../support/tower.ts";

/** Calls made by hand, through the API: runs and replays. */
describe("calls made by hand", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower();
  }, 60_000);
  afterAll(async () => tower[Symbol.asyncDispose]());

  const run = (reference: string, call?: object) => tower.must<CallView>("POST", `/webhooks/${reference}/run`, call);

  it("run the stored code as its user, without the authenticator, and are logged as tests", async () => {
    const { reference, endpoint } = await tower.addWebhook({
      authenticator: 'result = {"allowed": False}',
      authenticatorFields: { allowed_ip_addresses: "10.0.0.1" },
      code: 'result = {"message": [payload, headers.get("x-one"), user.login]}',
    });
    const call = await run(reference, { headers: { "x-one": "1" }, body: '{"a": 1}' });
    expect(call).toMatchObject({
      webhook_id: reference,
      authenticator_id: null,
      endpoint,
      request_method: "post",
      request_payload: { a: 1 },
      raw_body: '{"a": 1}',
      ip_address: null,
      authentication_status: "not_required",
      error_message: null,
      code_status: "success",
      http_status: 200,
      result_message: "[{'a': 1}, '1', 'admin']",
      user_id: "admin",
      attempt: 1,
      replay_of: null,
      test: true,
    });
    expect(await tower.must<CallView>("GET", `/webhook-logs/${call.id}`)).toEqual(call);
  });

  it("run with nothing given, with a query, and on a disabled webhook", async () => {
    const { reference } = await tower.addWebhook({
      code: 'result = {"message": payload}',
      fields: { method: "get", active: false },
    });
    expect(await run(reference)).toMatchObject({ request_method: "get", result_message: "OK" });
    expect(await run(reference, { query: "a=1" })).toMatchObject({ result_message: "{'a': '1'}" });
  });

  it("run a draft without storing it, with secrets that only the draft names", async () => {
    await tower.addSecret("DRAFT", "draft-secret");
    const { reference, endpoint } = await tower.addWebhook({ code: 'result = {"message": "stored"}' });
    const call = await run(reference, { code: 'result = {"message": "draft " + #!cxtower.secret.DRAFT!#}' });
    expect(call).toMatchObject({ result_message: "draft *****", test: true });
    expect((await tower.call(endpoint)).message).toBe("stored");
  });

  it("a draft's secret is masked in the stored headers as it is in what the draft says", async () => {
    const { reference } = await tower.addWebhook();
    const call = await run(reference, {
      headers: { "X-Custom": "draft-secret" },
      code: "x = #!cxtower.secret.DRAFT!#",
    });
    expect(call.request_headers["X-Custom"]).toBe("*****");
  });

  it("a draft that breaks a rule is refused with its place", async () => {
    const { reference } = await tower.addWebhook();
    const answer = await tower.api("POST", `/webhooks/${reference}/run`, { code: "ok = 1\nimport os" });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.json)).toMatch(/line 2/);
  });

  it("failures are answered as the call they are", async () => {
    const { reference } = await tower.addWebhook({ code: 'raise UserError("no")' });
    expect(await run(reference)).toMatchObject({
      http_status: 500,
      code_status: "failed",
      error_message: "Webhook code execution error: no",
    });
  });

  it("of an unknown webhook or call are not found", async () => {
    expect((await tower.api("POST", "/webhooks/nope/run")).status).toBe(404);
    expect((await tower.api("POST", "/webhook-logs/01a20e1a-90f1-7711-823b-0d8f841788e9/replay")).status).toBe(404);
    expect((await tower.api("POST", "/webhook-logs/nonsense/replay")).status).toBe(404);
  });

  it("replay the exact bytes, binary ones too, with today's code", async () => {
    const { endpoint, reference } = await tower.addWebhook({ code: "" });
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const first = await tower.call(endpoint, {
      body: bytes,
      headers: { "X-Event": "push", "Content-Type": "image/png" },
      query: "a=1",
    });
    await tower.must("PATCH", `/webhooks/${reference}`, {
      code: 'result = {"message": [headers["X-Event"], payload]}',
    });
    const replayed = await tower.must<CallView>("POST", `/webhook-logs/${first.id}/replay`);
    expect(replayed).toMatchObject({
      replay_of: first.id,
      attempt: 2,
      test: false,
      authentication_status: "not_required",
      result_message: "['push', {}]",
      request_query: "a=1",
      raw_body: Buffer.from(bytes).toString("base64"),
      raw_body_encoding: "base64",
    });
    const again = await tower.must<CallView>("POST", `/webhook-logs/${replayed.id}/replay`);
    expect(again).toMatchObject({ replay_of: replayed.id, attempt: 3 });
  });

  it("replay a form and a query as they came", async () => {
    const form = await tower.addWebhook({ code: 'result = {"message": payload}', fields: { content_type: "form" } });
    const posted = await tower.call(form.endpoint, {
      body: "a=1&b=%C3%BC",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    expect(await tower.must("POST", `/webhook-logs/${posted.id}/replay`)).toMatchObject({
      result_message: "{'a': '1', 'b': 'ü'}",
    });
    const get = await tower.addWebhook({ code: 'result = {"message": payload}', fields: { method: "get" } });
    const got = await tower.call(get.endpoint, { method: "GET", query: "x=1" });
    expect(await tower.must("POST", `/webhook-logs/${got.id}/replay`)).toMatchObject({ result_message: "{'x': '1'}" });
  });

  it("a call to an unknown endpoint cannot be replayed, and it says why", async () => {
    const answer = await tower.call("nowhere");
    const replay = await tower.api("POST", `/webhook-logs/${answer.id}/replay`);
    expect([replay.status, replay.text]).toEqual([409, expect.stringContaining("belongs to no webhook")]);
  });

  it("a denied call's body beyond 64 KiB is not kept, so it cannot be replayed", async () => {
    const { endpoint } = await tower.addWebhook({ authenticator: "" });
    const answer = await tower.call(endpoint, { body: "x".repeat(70_000) });
    expect((await tower.logOf(answer)).raw_body).toBeNull();
    expect((await tower.api("POST", `/webhook-logs/${answer.id}/replay`)).status).toBe(409);
  });

  it("are for Root only", async () => {
    const { endpoint, reference } = await tower.addWebhook();
    const { id } = await tower.call(endpoint);
    for (const group of ["user", "manager"]) {
      await tower.must("POST", "/users", { login: group, name: group, group, password: "long enough" });
      const cookie = await signIn(group);
      for (const path of [`/api/v1/webhooks/${reference}/run`, `/api/v1/webhook-logs/${id}/replay`]) {
        expect((await tower.send(path, { headers: { Cookie: cookie, Origin: tower.url } })).status).toBe(403);
      }
    }
  });

  async function signIn(login: string): Promise<string> {
    const answer = await tower.send("/api/v1/session", {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ login, password: "long enough" }),
    });
    return String(answer.headers["set-cookie"]?.[0]?.split(";")[0]);
  }
});
