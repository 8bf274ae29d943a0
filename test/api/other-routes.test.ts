import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CALL, startApi, type ApiFixture } from "./support.ts";
import { callSchema } from "../../src/api/call-schemas.ts";

describe("settings, call log and YAML", () => {
  let api: ApiFixture;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(async () => api[Symbol.asyncDispose]());

  it("reads and changes the general settings", async () => {
    const read = async () => (await api.request("root", "GET", "/api/v1/settings")).json();
    expect(await read()).toEqual({ webhook_log_duration: 30, command_timeout: 900 });
    const changed = await api.request("root", "PATCH", "/api/v1/settings", { webhook_log_duration: 7 });
    expect([changed.statusCode, changed.json()]).toEqual([200, { webhook_log_duration: 7, command_timeout: 900 }]);
    await api.request("root", "PATCH", "/api/v1/settings", { command_timeout: 0 });
    const unchanged = await api.request("root", "PATCH", "/api/v1/settings", {});
    expect(unchanged.json()).toEqual({ webhook_log_duration: 7, command_timeout: 0 });
    expect(await read()).toEqual({ webhook_log_duration: 7, command_timeout: 0 });
  });

  it.each([
    { webhook_log_duration: 0 },
    { webhook_log_duration: 1.5 },
    { webhook_log_duration: "7" },
    { webhook_log_duration: null },
    { command_timeout: -1 },
    { command_timeout: 86_401 },
    { other: 1 },
  ])("refuses settings %j", async (body) => {
    const answer = await api.request("root", "PATCH", "/api/v1/settings", body);
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ path: Object.keys(body)[0] }] });
  });

  it("hands the filters of the call log over, typed", async () => {
    const query =
      "webhook_id=deploy&endpoint=a%2Fb&http_status=500&authentication_status=failed&code_status=skipped" +
      "&since=2026-11-24T10:00:00%2B02:00&until=1795521600000&search=x&limit=5&cursor=c";
    const answer = await api.request("root", "GET", `/api/v1/webhook-logs?${query}`);
    expect(answer.json()).toEqual({ items: [CALL], next_cursor: "next" });
    expect(api.asked.callQueries.at(-1)).toEqual({
      webhook_id: "deploy",
      endpoint: "a/b",
      http_status: 500,
      authentication_status: "failed",
      code_status: "skipped",
      since: Date.parse("2026-11-24T08:00:00Z"),
      until: 1795521600000,
      search: "x",
      limit: 5,
      cursor: "c",
    });
  });

  it.each([
    ["2026-11-24", "2026-11-24T00:00:00Z"],
    ["2026-11-24T10:00:00", "2026-11-24T10:00:00Z"],
    ["2026-11-24T10:00:00.123Z", "2026-11-24T10:00:00.123Z"],
    ["2026-11-24T10:00:00+02:00", "2026-11-24T08:00:00Z"],
    ["2026-11-24T10:00-0130", "2026-11-24T11:30:00Z"],
  ])("reads the time %s as %s", async (text, expected) => {
    await api.request("root", "GET", `/api/v1/webhook-logs?since=${text}`);
    expect(api.asked.callQueries.at(-1)).toEqual({ since: Date.parse(expected) });
  });

  it.each([
    "since=yesterday",
    "since=2026-13-01",
    "until=-1",
    "http_status=abc",
    "http_status=99",
    "code_status=odd",
    "webhook=x",
    "limit=501",
  ])("answers 422 to a call log with %s", async (query) => {
    const answer = await api.request("root", "GET", `/api/v1/webhook-logs?${query}`);
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ path: query.split("=")[0] }] });
  });

  it("reads one call, as documented", async () => {
    const answer = await api.request("root", "GET", `/api/v1/webhook-logs/${CALL.id}`);
    expect(callSchema.parse(answer.json())).toEqual(CALL);
    expect((await api.request("root", "GET", "/api/v1/webhook-logs/other")).statusCode).toBe(404);
  });

  it("runs a webhook by hand and replays a call", async () => {
    const call = { method: "post", headers: { "X-Test": "1" }, query: "a=1", body: "{}", code: "result = {}" };
    const run = await api.request("root", "POST", "/api/v1/webhooks/deploy/run", call);
    expect([run.statusCode, run.json()]).toEqual([200, { ...CALL, test: true }]);
    expect(api.asked.runs.at(-1)).toEqual({ reference: "deploy", call, login: "admin" });
    await api.request("root", "POST", "/api/v1/webhooks/deploy/run");
    expect(api.asked.runs.at(-1)).toEqual({ reference: "deploy", call: {}, login: "admin" });
    expect((await api.request("root", "POST", "/api/v1/webhooks/other/run", {})).statusCode).toBe(404);
    const bad = await api.request("root", "POST", "/api/v1/webhooks/deploy/run", {
      method: "put",
      headers: { a: 1 },
      x: 1,
    });
    expect(bad.json<{ errors: Array<{ path: string }> }>().errors.map((error) => error.path)).toEqual([
      "method",
      "headers.a",
      "x",
    ]);

    const replay = await api.request("root", "POST", `/api/v1/webhook-logs/${CALL.id}/replay`);
    expect([replay.statusCode, replay.json()]).toEqual([200, { ...CALL, replay_of: CALL.id }]);
  });

  const YAML = "records:\n- cetmix_tower_model: key\n  reference: FROM_FILE\n  name: From a file\n";

  it.each(["application/yaml", "application/x-yaml", "text/yaml", "text/plain", "application/yaml; charset=utf-8"])(
    "imports %s",
    async (type) => {
      await api.request("root", "DELETE", "/api/v1/keys/FROM_FILE");
      const send = (mode: string) =>
        api.request("root", "POST", `/api/v1/import${mode}`, YAML, { "content-type": type });
      const first = await send("");
      expect([first.statusCode, first.json()]).toEqual([
        200,
        expect.objectContaining({ created: ["key FROM_FILE"], ignored: [] }),
      ]);
      expect((await send("")).json()).toMatchObject({ created: [], skipped: ["key FROM_FILE"] });
      expect((await send("?mode=update")).json()).toMatchObject({ updated: ["key FROM_FILE"] });
    },
  );

  it("imports YAML in JSON, of more than a mebibyte", async () => {
    const yaml = `# ${"x".repeat(2 * 1024 * 1024)}\n${YAML}`;
    const answer = await api.request("root", "POST", "/api/v1/import", { yaml });
    expect(answer.statusCode, answer.body).toBe(200);
    const large = await api.request("root", "POST", "/api/v1/import", "x".repeat(10 * 1024 * 1024 + 1), {
      "content-type": "text/yaml",
    });
    expect(large.statusCode).toBe(413);
    expect((await api.request("root", "POST", "/api/v1/import?mode=replace", { yaml })).statusCode).toBe(422);
    expect((await api.request("root", "POST", "/api/v1/import", { yml: "" })).statusCode).toBe(422);
    expect(
      (await api.request("root", "POST", "/api/v1/import", "records: [", { "content-type": "text/yaml" })).statusCode,
    ).toBe(400);
  });

  it("exports what is named", async () => {
    for (const name of ["a", "b"])
      await api.request("root", "POST", "/api/v1/keys", { name: name.repeat(9), reference: name });
    await api.request("root", "POST", "/api/v1/webhook-authenticators", { name: "Open", reference: "c" });
    const answer = await api.request(
      "root",
      "GET",
      "/api/v1/export?keys=a,%20b,&webhook-authenticators=c&webhooks=&explode=false",
    );
    expect(answer.statusCode, answer.body).toBe(200);
    expect(answer.headers["content-type"]).toMatch(/^application\/yaml/);
    expect(answer.headers["content-disposition"]).toContain("attachment");
    for (const text of ["aaaaaaaaa", "bbbbbbbbb", "Open"]) expect(answer.body).toContain(text);
    const again = await api.request("root", "POST", "/api/v1/import", answer.body, { "content-type": "text/yaml" });
    expect(again.json<{ skipped: string[] }>().skipped.toSorted()).toEqual([
      "key a",
      "key b",
      "webhook_authenticator c",
    ]);
    for (const query of ["", "?users=admin", "?webhooks="]) {
      expect((await api.request("root", "GET", `/api/v1/export${query}`)).statusCode, query).toBe(422);
    }
  });
});
