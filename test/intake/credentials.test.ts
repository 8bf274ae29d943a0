import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestTower, type TestTower } from "../support/tower.ts";

const SECRET = "s3cr3t-value-1";
const PLACEHOLDER = "#!cxtower.secret.API_KEY!#";

/** Credentials and secrets: where they must not be seen, and never open by absence. */
describe("credentials", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower();
    await tower.addSecret("API_KEY", SECRET);
    await tower.addSecret("LONGER", `${SECRET}-and-more`);
    await tower.must("POST", "/keys", { name: "Empty", reference: "EMPTY" });
    await tower.must("POST", "/keys", { name: "Ssh", reference: "SSH", key_type: "k", secret_value: "ssh private" });
  }, 60_000);
  afterAll(async () => tower[Symbol.asyncDispose]());

  describe("in stored headers and queries", () => {
    it.each([
      "Authorization",
      "Proxy-Authorization",
      "Cookie",
      "X-Api-Key",
      "Api-Key",
      "X-Auth-Token",
      "X-Gitlab-Token",
      "X-Secret",
      "X-Access-Key",
      "X-Amz-Security-Token",
      "Private-Token",
      "X-Telegram-Bot-Api-Secret-Token",
      "X-Password",
    ])("%s is masked", async (name) => {
      const { endpoint } = await tower.addWebhook({ code: `result = {"message": headers["${name}"]}` });
      const answer = await tower.call(endpoint, { headers: { [name]: "opaque-credential" } });
      expect(answer.message).toBe("opaque-credential");
      expect((await tower.logOf(answer)).request_headers[name]).toBe("*****");
    });

    it("signatures and the rest stay: they are needed to look into a failure, and a replay", async () => {
      const { endpoint } = await tower.addWebhook();
      const headers = { "X-Hub-Signature-256": "sha256=abc", "X-Github-Event": "push", "User-Agent": "GitHub" };
      expect((await tower.logOf(await tower.call(endpoint, { headers }))).request_headers).toMatchObject(headers);
    });

    it("parameters with such names are masked in the query, the others stay", async () => {
      const { endpoint } = await tower.addWebhook();
      const query = "token=abc&api_key=def&a=1&client-secret=ghi&monkey=banana&flag";
      const log = await tower.logOf(await tower.call(endpoint, { query }));
      expect(log.request_query).toBe("token=*****&api_key=*****&a=1&client-secret=*****&monkey=banana&flag");
    });

    it("such a parameter is masked however its name is encoded", async () => {
      const { endpoint } = await tower.addWebhook();
      const log = await tower.logOf(
        await tower.call(endpoint, {
          query: "%74oken=abc&to%6ben=def&api%5Fkey=ghi&accessToken=jkl&a[secret]=mno&%zztoken=1",
        }),
      );
      expect(log.request_query).toBe(
        "%74oken=*****&to%6ben=*****&api%5Fkey=*****&accessToken=*****&a[secret]=*****&%zztoken=1",
      );
    });

    it("such a parameter of a GET is masked in the payload too", async () => {
      const { endpoint } = await tower.addWebhook({
        code: 'result = {"message": payload["token"]}',
        fields: { method: "get" },
      });
      const answer = await tower.call(endpoint, { method: "GET", query: "token=abc&a=1" });
      expect(answer.message).toBe("abc");
      expect((await tower.logOf(answer)).request_payload).toEqual({ token: "*****", a: "1" });
    });

    it("the value of a secret that the code names is masked wherever it stands", async () => {
      const { endpoint } = await tower.addWebhook({ authenticator: `x = ${PLACEHOLDER}\nresult = {"allowed": True}` });
      const headers = { "X-Custom": `Key ${SECRET}!` };
      const log = await tower.logOf(await tower.call(endpoint, { headers, query: `q=${SECRET}` }));
      expect(log.request_headers["X-Custom"]).toBe("Key *****!");
      expect(log.request_query).toBe("q=*****");
    });

    it("a secret of the authenticator inside a longer one of the webhook leaves no rest", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator: `x = ${PLACEHOLDER}\nresult = {"allowed": True}`,
        code: "x = #!cxtower.secret.LONGER!#",
      });
      const value = `${SECRET}-and-more`;
      const log = await tower.logOf(
        await tower.call(endpoint, { headers: { "X-Custom": value }, query: `q=${value}` }),
      );
      expect([log.request_headers["X-Custom"], log.request_query]).toEqual(["*****", "q=*****"]);
    });

    it("a wrong key that the code compared with the secret is masked too: it may be right elsewhere", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator: `result = {"allowed": hmac.compare_digest(headers.get("X-Custom", ""), ${PLACEHOLDER}), "message": "no"}`,
      });
      const answer = await tower.call(endpoint, { headers: { "X-Custom": "wrong-but-close" } });
      expect(answer.status).toBe(403);
      expect((await tower.logOf(answer)).request_headers["X-Custom"]).toBe("*****");
    });
  });

  describe("in messages", () => {
    const MASKED: ReadonlyArray<readonly [string, string]> = [
      ["a message", `result = {"message": "it is " + ${PLACEHOLDER}}`],
      ["a nested message", `result = {"message": {"a": [{"b": ${PLACEHOLDER}}]}}`],
      ["a key of a nested message", `result = {"message": {${PLACEHOLDER}: 1}}`],
      ["a failure's message", `result = {"exit_code": 1, "message": "x" + ${PLACEHOLDER}}`],
      ["a failure's nested message", `result = {"exit_code": 1, "message": {"a": ${PLACEHOLDER}}}`],
      ["an exception's text", `raise Exception("bad " + ${PLACEHOLDER})`],
      ["a UserError", `raise UserError(${PLACEHOLDER})`],
      ["a KeyError", `x = {}[${PLACEHOLDER}]`],
      ["an exception far below, in its traceback", `def f(value):\n    raise Exception(value)\nf(${PLACEHOLDER})`],
      ["a log line", `_logger.warning("key %s", ${PLACEHOLDER})`],
      ["a response's body", `result = {"response": {"body": "x" + ${PLACEHOLDER}}}`],
      ["a response's header", `result = {"response": {"headers": {"X-Leak": ${PLACEHOLDER}}}}`],
      ["a string with the placeholder inside", `result = {"message": "it is ${PLACEHOLDER} here"}`],
      ["an unrelated exception", `x = ${PLACEHOLDER}\nraise Exception("unrelated")`],
    ];

    it.each(MASKED)("the secret is masked in %s", async (_name, code) => {
      const { endpoint } = await tower.addWebhook({ code });
      const answer = await tower.call(endpoint);
      expect([200, 500]).toContain(answer.status);
      expect(answer.text + JSON.stringify(answer.headers)).not.toContain(SECRET);
      expect(JSON.stringify(await tower.logOf(answer))).not.toContain(SECRET);
    });

    it.each([
      ["a denial's message", `result = {"message": "expected " + ${PLACEHOLDER}}`],
      ["a denial's nested message", `result = {"message": {"a": ${PLACEHOLDER}}}`],
      ["an authenticator's exception", `raise Exception(${PLACEHOLDER})`],
      ["an authenticator's log line", `_logger.info(${PLACEHOLDER})`],
    ])("the secret is masked in %s", async (_name, authenticator) => {
      const { endpoint } = await tower.addWebhook({ authenticator });
      const answer = await tower.call(endpoint);
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain(SECRET);
      expect(JSON.stringify(await tower.logOf(answer))).not.toContain(SECRET);
    });

    it("the authenticator's secret is masked in what the webhook says: it may echo what the caller sent", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator: `x = ${PLACEHOLDER}\nresult = {"allowed": True}`,
        code: '_logger.info(headers["X-Custom"])\nresult = {"message": headers["X-Custom"]}',
      });
      const answer = await tower.call(endpoint, { headers: { "X-Custom": SECRET } });
      expect(answer.message).toBe("*****");
      expect(JSON.stringify(await tower.logOf(answer))).not.toContain(SECRET);
    });

    it("what is left of a masked message is escaped as ever", async () => {
      const { endpoint } = await tower.addWebhook({ code: `result = {"message": "é " + ${PLACEHOLDER}}` });
      expect((await tower.call(endpoint)).text).toBe('{"message": "\\u00e9 *****"}');
    });

    it("_logger lines are kept with their levels in code_log, of authenticator and webhook", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator: `_logger.info("auth %s", ${PLACEHOLDER})\nresult = {"allowed": True}`,
        code: '_logger.warning("code %s", 1)',
      });
      expect((await tower.logOf(await tower.call(endpoint))).code_log).toEqual([
        { level: "info", text: "auth *****" },
        { level: "warning", text: "code 1" },
      ]);
    });

    it("a secret inside a longer secret leaves no rest", async () => {
      const { endpoint } = await tower.addWebhook({
        code: `a = ${PLACEHOLDER}\nresult = {"message": #!cxtower.secret.LONGER!#}`,
      });
      expect((await tower.call(endpoint)).message).toBe("*****");
    });

    it("the traceback names the line and shows no secret", async () => {
      const { endpoint } = await tower.addWebhook({ code: `x = 1\ny = [${PLACEHOLDER}][x]` });
      const log = await tower.logOf(await tower.call(endpoint));
      expect(log.error_message).toContain("(line 2)");
      expect(log.error_traceback).toContain("line 2");
      expect(log.error_traceback).not.toContain(SECRET);
    });

    it("numbers of a masked message keep every digit", async () => {
      const { endpoint } = await tower.addWebhook({
        code: `result = {"message": {"k": ${PLACEHOLDER}, "n": 123456789012345678901234567890, "f": 1.0}}`,
      });
      expect((await tower.call(endpoint)).text).toMatch(
        /"k": ?"\*{5}", ?"n": ?123456789012345678901234567890, ?"f": ?1\.0/,
      );
    });
  });

  describe("that are missing", () => {
    it.each(["NO_SUCH", "EMPTY", "SSH", "api_key"])(
      "an authenticator that names %s, and allows, is answered 503",
      async (reference) => {
        const { endpoint } = await tower.addWebhook({
          authenticator: `key = #!cxtower.secret.${reference}!#\nresult = {"allowed": True}`,
        });
        const answer = await tower.call(endpoint);
        expect(answer.status).toBe(503);
        expect(answer.text).not.toContain(reference);
        const log = await tower.logOf(answer);
        expect(log).toMatchObject({ authentication_status: "failed", code_status: "skipped", http_status: 503 });
        expect(log.error_message).toContain(reference);
      },
    );

    it("a signature made with None for a key does not open", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator:
          'key = #!cxtower.secret.NO_SUCH!#\nresult = {"allowed": hmac.compare_digest(str(key), headers.get("X-Sig", ""))}',
      });
      expect((await tower.call(endpoint, { headers: { "X-Sig": "None" } })).status).toBe(503);
    });

    it("an authenticator that sees None may deny in its own words", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator:
          'if #!cxtower.secret.NO_SUCH!# is None:\n    result = {"http_code": 500, "message": "No key set up"}',
      });
      expect(await tower.call(endpoint)).toMatchObject({ status: 500, message: "No key set up" });
    });

    it("a webhook sees None and decides itself", async () => {
      const { endpoint } = await tower.addWebhook({ code: 'result = {"message": str(#!cxtower.secret.NO_SUCH!#)}' });
      expect((await tower.call(endpoint)).message).toBe("None");
    });

    it("a secret that gets its value opens at the next call, one that loses it closes", async () => {
      await tower.must("POST", "/keys", { name: "Late", reference: "LATE" });
      const { endpoint } = await tower.addWebhook({
        authenticator: 'k = #!cxtower.secret.LATE!#\nresult = {"allowed": True}',
      });
      expect((await tower.call(endpoint)).status).toBe(503);
      await tower.must("PATCH", "/keys/LATE", { secret_value: "now" });
      expect((await tower.call(endpoint)).status).toBe(200);
      await tower.must("PATCH", "/keys/LATE", { secret_value: null });
      expect((await tower.call(endpoint)).status).toBe(503);
    });
  });

  it("of unknown endpoints are hidden, whatever the header is called", async () => {
    const headers = { "X-Whatever": "maybe-a-secret", "User-Agent": "scanner", Authorization: "Bearer x" };
    const log = await tower.logOf(await tower.call("unknown-one", { headers }));
    expect(log.request_headers).toMatchObject({
      "X-Whatever": "*****",
      "User-Agent": "scanner",
      Authorization: "*****",
    });
  });
});
