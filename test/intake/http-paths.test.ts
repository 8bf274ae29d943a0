import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallInit } from "../support/http-client.ts";
import { ALLOW, startTestTower, type TestTower, type WebhookParts } from "../support/tower.ts";

/**
 * Every end of a call, as section C of the facts has it with our corrections: what the sender is
 * told, and what the log says.
 */
interface Path {
  readonly name: string;
  readonly webhook?: WebhookParts;
  readonly call?: CallInit;
  readonly status: number;
  readonly message: unknown;
  readonly auth: "success" | "failed" | "not_required";
  readonly code: "success" | "failed" | "skipped";
  /** `error_message`; the body's message unless given. */
  readonly error?: string | RegExp | null;
  readonly result?: string | null;
  /** The row names no webhook: none has this method and endpoint. */
  readonly isUnknown?: true;
}

const DEFAULT_DENIAL = "Authentication not allowed";
const NEUTRAL_FAILURE = "The webhook reported a failure";

function denial(name: string, authenticator: string, status: number, message: string | RegExp): Path {
  return { name, webhook: { authenticator }, status, message, auth: "failed", code: "skipped", error: message };
}

function success(name: string, code: string, message: unknown, result: string): Path {
  return { name, webhook: { code }, status: 200, message, auth: "success", code: "success", error: null, result };
}

function failure(name: string, code: string, message: string | RegExp, more: Partial<Path> = {}): Path {
  return { name, webhook: { code }, status: 500, message, auth: "success", code: "failed", error: message, ...more };
}

const PATHS: readonly Path[] = [
  // The webhook is not found.
  {
    ...denial("a disabled webhook is not found", ALLOW, 404, "Webhook not found"),
    webhook: { fields: { active: false } },
  },
  {
    ...denial("a POST webhook called with GET is not found", ALLOW, 404, "Webhook not found"),
    call: { method: "GET" },
    isUnknown: true,
  },
  {
    ...denial("a GET webhook called with POST is not found", ALLOW, 404, "Webhook not found"),
    webhook: { fields: { method: "get" } },
    isUnknown: true,
  },

  // The authenticator denies.
  denial("a denial gives its message", 'result = {"allowed": False, "message": "Go away"}', 403, "Go away"),
  denial("a denial without a message gives the default one", 'result = {"allowed": False}', 403, DEFAULT_DENIAL),
  denial(
    "a denial with message None gives the default one",
    'result = {"allowed": False, "message": None}',
    403,
    DEFAULT_DENIAL,
  ),
  denial("a denial may give an int for a message", 'result = {"message": 7}', 403, "7"),
  denial("a denial may give a dict for a message", 'result = {"message": {"a": 1}}', 403, "{'a': 1}"),
  denial("a denial may give an empty message", 'result = {"message": ""}', 403, ""),
  denial("http_code 401 is used", 'result = {"allowed": False, "http_code": 401}', 401, DEFAULT_DENIAL),
  denial("http_code 418 is used", 'result = {"http_code": 418, "message": "teapot"}', 418, "teapot"),
  denial("http_code 500 is used", 'result = {"http_code": 500, "message": "not set up"}', 500, "not set up"),
  ...["99", "200", "302", "399", "600", "True", "None", '"401"', "401.0", "[401]", "-401", "10**30"].map((httpCode) =>
    denial(
      `http_code ${httpCode} is no denial and becomes 403`,
      `result = {"http_code": ${httpCode}}`,
      403,
      DEFAULT_DENIAL,
    ),
  ),
  ...["False", "None", '""', "0", "0.0", "[]", "{}"].map((allowed) =>
    denial(`allowed ${allowed} denies`, `result = {"allowed": ${allowed}}`, 403, DEFAULT_DENIAL),
  ),
  denial("empty authenticator code denies", "", 403, DEFAULT_DENIAL),
  denial("authenticator code that is a comment denies", "# todo", 403, DEFAULT_DENIAL),
  denial(
    "an authenticator's UserError stands in its own words",
    'raise UserError("Blocked")',
    403,
    "Authentication code error: Blocked",
  ),
  denial(
    "an authenticator that raises denies",
    'x = payload["nope"]',
    403,
    /^Authentication code error: KeyError: 'nope' \(line 1\)$/,
  ),
  denial(
    "an authenticator with an unknown name denies",
    "result = nope",
    403,
    /^Authentication code error: NameError: name 'nope' is not defined/,
  ),
  denial(
    "an authenticator's result that is no dict denies",
    "result = True",
    403,
    /^Authentication code error: .*result is not a dict$/,
  ),
  denial("an authenticator that deletes its result denies", "del result", 403, /^Authentication code error: .*result/),
  denial(
    "an authenticator that sets its result to None denies",
    "result = None",
    403,
    /^Authentication code error: .*result is not a dict$/,
  ),

  // The authenticator allows.
  ...["1", '"x"', 're.match("a", "abc")', "[0]", "0.1"].map((allowed) => ({
    ...success(`allowed ${allowed} allows`, "", "OK", "OK"),
    webhook: { authenticator: `result = {"allowed": ${allowed}, "message": "ignored", "http_code": 500}`, code: "" },
  })),

  // The webhook succeeds.
  success("a webhook's message is answered", 'result = {"exit_code": 0, "message": "done"}', "done", "done"),
  success("empty webhook code answers OK", "", "OK", "OK"),
  success("webhook code that is a comment answers OK", "# todo", "OK", "OK"),
  success("a missing exit_code is success", 'result = {"message": "fine"}', "fine", "fine"),
  ...["0", "False", "0.0", "-0.0"].map((code) =>
    success(`exit_code ${code} is success`, `result = {"exit_code": ${code}, "message": "fine"}`, "fine", "fine"),
  ),
  ...["None", '""', "0", "0.0", "False", "[]", "{}", "()"].map((message) =>
    success(`message ${message} is answered as OK`, `result = {"message": ${message}}`, "OK", "OK"),
  ),
  success("an int message stays a number", 'result = {"message": 7}', 7, "7"),
  success("a True message stays true", 'result = {"message": True}', true, "True"),
  success("a float message stays a number", 'result = {"message": 1.5}', 1.5, "1.5"),
  success(
    "a dict message nests",
    'result = {"message": {"id": 5, "tags": ["a", None]}}',
    { id: 5, tags: ["a", null] },
    "{'id': 5, 'tags': ['a', None]}",
  ),
  success("a list message nests", 'result = {"message": [1, "b"]}', [1, "b"], "[1, 'b']"),
  success("a tuple message becomes a list", 'result = {"message": (1, 2)}', [1, 2], "(1, 2)"),
  success("http_code from a webhook is ignored", 'result = {"message": "m", "http_code": 418}', "m", "m"),
  success("keys that are no strings do not disturb", 'result = {1: 2, "message": "m"}', "m", "m"),

  // The webhook fails.
  ...["1", "-1", "True", '"0"', "None", "0.5", "[]"].map((code) =>
    failure(`exit_code ${code} is a failure`, `result = {"exit_code": ${code}, "message": "no"}`, "no", {
      result: "no",
    }),
  ),
  failure("a failure without a message gives a neutral text", 'result = {"exit_code": 1}', NEUTRAL_FAILURE),
  failure(
    "a failure with message None gives a neutral text",
    'result = {"exit_code": 1, "message": None}',
    NEUTRAL_FAILURE,
  ),
  failure("a failure's int message becomes text", 'result = {"exit_code": 1, "message": 7}', "7"),
  failure(
    "a failure's dict message becomes Python text",
    'result = {"exit_code": 1, "message": {"a": None}}',
    "{'a': None}",
  ),
  failure(
    "a UserError stands in its own words",
    'raise UserError("Server is busy")',
    "Webhook code execution error: Server is busy",
  ),
  failure(
    "an unknown name is a NameError",
    "result = nope",
    /^Webhook code execution error: NameError: name 'nope' is not defined \(line 1\)$/,
  ),
  failure(
    "an exception is named with its line",
    "x = 1\ny = {}['k']",
    "Webhook code execution error: KeyError: 'k' (line 2)",
  ),
  failure(
    "a result that is a list is refused",
    "result = [0]",
    /^Webhook code execution error: .*result is not a dict$/,
  ),
  failure(
    "a result that is None is refused",
    "result = None",
    /^Webhook code execution error: .*result is not a dict$/,
  ),
  failure("a deleted result is refused", "del result", /^Webhook code execution error: .*result/),

  // Messages that are no JSON are answered and logged, where the original lost both.
  failure("a message of bytes is refused", 'result = {"message": b"x"}', /^Webhook code execution error: .*bytes/),
  failure(
    "a message that is a datetime is refused",
    'result = {"message": datetime.datetime(2026, 1, 1)}',
    /^Webhook code execution error: .*datetime/,
  ),
  failure(
    "a message with bytes deep inside is refused",
    'result = {"message": {"a": [b"x"]}}',
    /^Webhook code execution error: .*bytes/,
  ),
  failure(
    "a message that contains itself is refused",
    'd = {}\nd["d"] = d\nresult = {"message": d}',
    /^Webhook code execution error: /,
  ),
  failure(
    "a message of NaN is refused, being no JSON",
    'result = {"message": float("nan")}',
    /^Webhook code execution error: /,
  ),
  failure("a message of a lambda is refused", 'result = {"message": lambda: 1}', /^Webhook code execution error: /),
];

describe("every end of a call", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower();
  }, 60_000);
  afterAll(async () => tower[Symbol.asyncDispose]());

  it.each(PATHS)("$name", async (path) => {
    const webhook = await tower.addWebhook(path.webhook);
    const answer = await tower.call(webhook.endpoint, path.call);
    expect([answer.status, answer.message]).toEqual([path.status, asExpected(path.message)]);
    expect(answer.headers["content-type"]).toBe("application/json");

    const log = await tower.logOf(answer);
    const error = path.error === undefined ? path.message : path.error;
    const hasRun = path.code !== "skipped";
    expect(log).toMatchObject({
      webhook_id: path.isUnknown ? null : webhook.reference,
      authenticator_id: path.isUnknown ? null : webhook.authenticator,
      endpoint: webhook.endpoint,
      request_method: (path.call?.method ?? "POST").toLowerCase(),
      authentication_status: path.auth,
      code_status: path.code,
      http_status: path.status,
      error_message: asExpected(error),
      user_id: hasRun ? "admin" : null,
      ip_address: "127.0.0.1",
      attempt: 1,
      replay_of: null,
      test: false,
    });
    if (path.result !== undefined) expect(log.result_message).toBe(path.result);
    if (!hasRun) expect(log.result_message).toBeNull();
    expect(log.duration_ms).toBeGreaterThan(0);
  });

  it("an unknown endpoint is not found, and logged without a webhook", async () => {
    const answer = await tower.call("no-such-endpoint", { body: '{"probe": 1}' });
    expect([answer.status, answer.text]).toEqual([404, '{"message": "Webhook not found"}']);
    expect(await tower.logOf(answer)).toMatchObject({
      webhook_id: null,
      authenticator_id: null,
      endpoint: "no-such-endpoint",
      http_status: 404,
      authentication_status: "failed",
      code_status: "skipped",
      error_message: "Webhook not found",
      request_payload: { probe: 1 },
    });
  });

  it.each(["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])(
    "the method %s is answered 405 and told what is allowed",
    async (method) => {
      const { endpoint } = await tower.addWebhook();
      const answer = await tower.call(endpoint, { method });
      expect([answer.status, answer.headers.allow]).toEqual([405, "GET, POST"]);
      await expect(tower.lastCall({ endpoint })).rejects.toThrow("no call was logged");
    },
  );

  it("HEAD is not found, even where GET is answered, and its answer has no body", async () => {
    const { endpoint } = await tower.addWebhook({ fields: { method: "get" } });
    const answer = await tower.call(endpoint, { method: "HEAD" });
    expect([answer.status, answer.text]).toEqual([404, ""]);
    expect(await tower.logOf(answer)).toMatchObject({ request_method: "head", http_status: 404 });
  });

  it.each([
    ["x = (1\ny = 2", 1, "SyntaxError"],
    ["ok = 1\nimport os", 2, "import"],
    ["ok = 1\nok = 2\nx = ().__class__", 3, "__class__"],
  ])("code that breaks a rule is refused at save with its place: %j", async (code, line, word) => {
    const { reference, authenticator } = await tower.addWebhook();
    for (const path of [`/webhooks/${reference}`, `/webhook-authenticators/${authenticator}`]) {
      const answer = await tower.api("PATCH", path, { code });
      expect(answer.status).toBe(422);
      const { errors } = answer.json as { errors: Array<{ path: string; message: string }> };
      expect(errors).toHaveLength(1);
      expect(errors[0]?.path).toBe("code");
      expect(errors[0]?.message).toContain(word);
      expect(errors[0]?.message).toMatch(new RegExp(`\\(line ${line}, column \\d+\\)`));
    }
  });

  it("a run as user who is not active fails the call and says so", async () => {
    await tower.must("POST", "/users", { login: "gone", name: "Gone" });
    const { endpoint } = await tower.addWebhook({ fields: { user_id: "gone" } });
    await tower.must("PATCH", "/users/gone", { active: false });
    const answer = await tower.call(endpoint);
    expect(answer.status).toBe(500);
    const log = await tower.logOf(answer);
    expect(log).toMatchObject({ authentication_status: "success", code_status: "failed", user_id: "gone" });
    expect(log.error_message).toContain("gone");
  });

  it("code runs as the chosen user, and authenticators as nobody", async () => {
    await tower.must("POST", "/users", { login: "robot", name: "Robot", email: "robot@example.com" });
    const code = 'result = {"message": [user.login, user.name, user.email, user.id == uid, uid > 0]}';
    const { endpoint } = await tower.addWebhook({ code, fields: { user_id: "robot" } });
    const answer = await tower.call(endpoint);
    expect(answer.message).toEqual(["robot", "Robot", "robot@example.com", true, true]);
    expect(await tower.logOf(answer)).toMatchObject({ user_id: "robot" });
    const asked = await tower.addWebhook({ authenticator: 'result = {"message": user.login}' });
    expect((await tower.call(asked.endpoint)).message).toBe("public");
  });
});

function asExpected(value: unknown): unknown {
  return value instanceof RegExp ? expect.stringMatching(value) : value;
}
