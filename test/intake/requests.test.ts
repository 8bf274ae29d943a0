import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer, CallInit } from "../support/http-client.ts";
import { startTestTower, type TestTower } from "../support/tower.ts";

/** What code sees of a request: path, payload, headers and exact bytes. */
describe("what code sees of a request", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower();
  }, 60_000);
  afterAll(async () => tower[Symbol.asyncDispose]());

  /** The answer of a webhook whose message is this Python expression. */
  async function evaluate(expression: string, init?: CallInit, fields: Record<string, unknown> = {}): Promise<Answer> {
    const { endpoint } = await tower.addWebhook({ code: `result = {"message": ${expression}}`, fields });
    return tower.call(endpoint, init);
  }

  /** The answer of an authenticator that denies with this Python expression for a message. */
  async function evaluateAsAuthenticator(
    expression: string,
    init?: CallInit,
    fields: Record<string, unknown> = {},
  ): Promise<Answer> {
    const { endpoint } = await tower.addWebhook({ authenticator: `result = {"message": ${expression}}`, fields });
    return tower.call(endpoint, init);
  }

  describe("endpoints", () => {
    it("may contain slashes, dashes and underscores", async () => {
      await tower.addWebhook({ fields: { endpoint: "deploy/app-1/step_2" } });
      expect((await tower.call("deploy/app-1/step_2")).status).toBe(200);
    });

    it.each([
      "deploy/app-1",
      "deploy/app-1/step_2/",
      "deploy//app-1/step_2",
      "Deploy/app-1/step_2",
      "deploy/app-1/../app-1/step_2",
    ])("%s is another endpoint, and not found", async (endpoint) =>
      expect((await tower.call(endpoint)).status).toBe(404),
    );

    it("are percent-decoded once", async () => {
      await tower.addWebhook({ fields: { endpoint: "one/two-3" } });
      expect((await tower.call("%6Fne%2Ftwo%2D3")).status).toBe(200);
      expect((await tower.call("%256Fne%2Ftwo%2D3")).status).toBe(404);
    });

    it("are found in a target with scheme and host, as RFC 9112 wants it", async () => {
      await tower.addWebhook({ fields: { endpoint: "absolute/form" } });
      const { host, port } = new URL(tower.url);
      const lines = [
        "POST http://hooks.example/cetmix_tower_webhooks/absolute/form HTTP/1.1",
        `Host: ${host}`,
        "Connection: close",
        "Content-Length: 2",
      ];
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(`${lines.join("\r\n")}\r\n\r\n{}`);
      const answer = Buffer.concat(await socket.toArray()).toString("utf8");
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    });

    it.each(["%", "%zz", "%ff", "a%00b"])("%s is answered 404 and nothing breaks", async (endpoint) => {
      const answer = await tower.call(endpoint);
      expect([answer.status, answer.message]).toEqual([404, "Webhook not found"]);
      expect((await tower.logOf(answer)).http_status).toBe(404);
    });

    it("that cannot be decoded are logged without the query, which may hold a token", async () => {
      const answer = await tower.call("%zz", { query: "token=abc123&x=1" });
      const log = await tower.logOf(answer);
      expect(log.endpoint).toBe("%zz");
      expect(log.request_query).toBe("token=*****&x=1");
      expect(JSON.stringify(log)).not.toContain("abc123");
    });

    it("tell GET and POST apart on the same endpoint", async () => {
      await tower.addWebhook({ code: 'result = {"message": "post"}', fields: { endpoint: "both" } });
      await tower.addWebhook({ code: 'result = {"message": "get"}', fields: { endpoint: "both", method: "get" } });
      expect((await tower.call("both")).message).toBe("post");
      expect((await tower.call("both", { method: "GET" })).message).toBe("get");
    });
  });

  describe("payload of a GET", () => {
    const get = (query: string, expression = "payload") =>
      evaluate(expression, { method: "GET", query }, { method: "get" });

    it("is the query: the first value of each name, blanks kept", async () => {
      const answer = await get("a=1&b=x%20y+z&a=2&flag&empty=&%C3%BC=%C3%A9");
      expect(answer.message).toEqual({ a: "1", b: "x y z", flag: "", empty: "", ü: "é" });
    });

    it("is an empty dict without a query", async () => {
      expect((await get("", "str(payload)")).message).toBe("{}");
    });

    it("takes a parameter called __proto__ for a parameter", async () => {
      expect((await get("__proto__=1&constructor=2", "sorted(payload)")).message).toEqual(["__proto__", "constructor"]);
    });

    it("does not have the body, which the authenticator sees as raw_data", async () => {
      const init = { method: "GET", query: "a=1", body: '{"b": 2}' };
      const answer = await evaluateAsAuthenticator("[payload, raw_data.decode()]", init, { method: "get" });
      expect(answer.message).toBe(`[{'a': '1'}, '{"b": 2}']`);
    });
  });

  describe("payload of a POST with form fields", () => {
    const FORM = { content_type: "form" };
    const multipart = [
      '--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
      '--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n2\r\n',
      '--XX\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\ncontent\r\n',
      '--XX\r\nContent-Disposition: form-data; name="ü"\r\n\r\né\r\n--XX--\r\n',
    ].join("");

    it.each<[string, string, string, unknown]>([
      [
        "urlencoded",
        "application/x-www-form-urlencoded",
        "a=1&a=2&b=x+y&flag&u=%C3%BC",
        { a: "1", b: "x y", flag: "", u: "ü" },
      ],
      ["urlencoded with a charset", "Application/X-WWW-Form-Urlencoded; charset=utf-8", "a=1", { a: "1" }],
      ["multipart", "multipart/form-data; boundary=XX", multipart, { a: "1", ü: "é" }],
      ["multipart without a boundary", "multipart/form-data", multipart, {}],
      ["broken multipart", "multipart/form-data; boundary=YY", multipart, {}],
      ["a JSON body", "application/json", '{"a": 1}', {}],
      ["no content type", "", "a=1", {}],
    ])("%s", async (_name, contentType, body, payload) => {
      const headers = contentType === "" ? {} : { "Content-Type": contentType };
      const answer = await evaluate("payload", { body, headers, query: "never=merged" }, FORM);
      expect(answer.message).toEqual(Object.keys(payload as object).length === 0 ? "OK" : payload);
      expect((await tower.logOf(answer)).request_payload).toEqual(payload);
    });

    it("leaves the exact bytes for the signature", async () => {
      const init = {
        body: "token=abc&text=hello+world",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
      };
      expect((await evaluateAsAuthenticator("raw_data.decode()", init, FORM)).message).toBe(init.body);
    });
  });

  describe("payload of a POST with JSON", () => {
    it.each<[string, string | Uint8Array, string]>([
      ["an object", '{"a": [1, null]}', "{'a': [1, None]}"],
      ["a list", "[1, 2]", "[1, 2]"],
      ["a string", '"text"', "'text'"],
      ["a number", "3", "3"],
      ["an empty list", "[]", "[]"],
      ["null", "null", "None"],
      ["false", "false", "False"],
      ["nothing", "", "{}"],
      ["blank text", " \r\n\t", "{}"],
      ["broken JSON", '{"a": ', "{}"],
      ["something after the JSON", '{"a": 1} x', "{}"],
      ["bad UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), "{}"],
      ["a byte order mark", '\ufeff{"a": 1}', "{'a': 1}"],
      ["NaN and infinities", "[NaN, Infinity, -Infinity]", "[nan, inf, -inf]"],
      ["duplicate keys, the last of which counts", '{"a": 1, "a": 2}', "{'a': 2}"],
      ["integers of any size", '{"n": 123456789012345678901234567890}', "{'n': 123456789012345678901234567890}"],
      ["2 ** 53 + 1", "[9007199254740993]", "[9007199254740993]"],
      ["1.0, which is no 1", "[1.0, 1, -0.0, 1e3]", "[1.0, 1, -0.0, 1000.0]"],
      ["a lone surrogate", '"\\ud800"', "'\\ud800'"],
      ["a pair of surrogates", '"\\ud83d\\ude00"', "'😀'"],
      ["U+0000", '"a\\u0000b"', "'a\\x00b'"],
      ["a key called __proto__", '{"__proto__": {"x": 1}}', "{'__proto__': {'x': 1}}"],
    ])("the authenticator sees %s", async (_name, body, expected) => {
      const answer = await evaluateAsAuthenticator("repr(payload)", { body });
      expect(answer.message).toBe(expected);
    });

    it.each(["[]", "null", "false", "0", '""'])("the webhook sees {} for %s", async (body) => {
      expect((await evaluate("repr(payload)", { body })).message).toBe("{}");
    });

    it("is read whatever the Content-Type says", async () => {
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"]) {
        const init = { body: '{"a": 1}', headers: { "Content-Type": type } };
        expect((await evaluate("payload", init)).message).toEqual({ a: 1 });
      }
    });

    it("answers integers of any size to the digit", async () => {
      const answer = await evaluate("payload", {
        body: '{"n":123456789012345678901234567890,"m":9007199254740993,"f":1.0}',
      });
      expect(answer.text).toMatch(/"n": ?123456789012345678901234567890/);
      expect(answer.text).toMatch(/"m": ?9007199254740993/);
      expect(answer.text).toMatch(/"f": ?1\.0/);
    });

    it("is {} when it is nested deeper than anybody means, and neither runner nor log break", async () => {
      const restarts = tower.tower.sandbox.status().restarts;
      for (const body of [
        "[".repeat(6000),
        '{"a":['.repeat(3000),
        "[".repeat(100_000) + "]".repeat(100_000),
        '{"a":'.repeat(100_000),
      ]) {
        const answer = await evaluateAsAuthenticator('str(len(raw_data)) + " " + str(payload)', { body });
        expect([answer.status, answer.message]).toEqual([403, `${body.length} {}`]);
        const log = await tower.logOf(answer);
        expect([log.http_status, log.request_payload]).toEqual([403, body.length > 65_536 ? null : {}]);
      }
      expect(tower.tower.sandbox.status().restarts).toBe(restarts);
    });

    it("is {} when it is nested too deep in UTF-16, where quotes do not end at the byte", async () => {
      const restarts = tower.tower.sandbox.status().restarts;
      const body = Buffer.from(`["\\"",${"[".repeat(20_000)}`, "utf16le");
      expect((await evaluateAsAuthenticator("str(payload)", { body })).message).toBe("{}");
      expect(tower.tower.sandbox.status().restarts).toBe(restarts);
    });

    it("may be nested as deep as anybody means, and brackets in strings do not count", async () => {
      const deep = `${"[".repeat(400)}${"]".repeat(400)}`;
      expect((await evaluateAsAuthenticator("str(len(payload))", { body: deep })).message).toBe("1");
      const text = JSON.stringify({ a: '[{"\\'.repeat(1000) });
      expect((await evaluateAsAuthenticator('str(len(payload["a"]))', { body: text })).message).toBe("4000");
    });

    it("keeps a byte order mark in the logged body", async () => {
      const log = await tower.logOf(await evaluate("payload", { body: '\ufeff{"a": 1}' }));
      expect([log.raw_body, log.request_payload]).toEqual(['\ufeff{"a": 1}', { a: 1 }]);
    });
  });

  describe("headers", () => {
    it("are looked up whatever the case, and listed in Title-Case", async () => {
      const expression =
        '[headers.get("x-github-event"), headers["X-GitHub-Event"], "X-GITHUB-EVENT" in headers, "X-Github-Event" in list(headers), headers.get("nope"), headers.get("nope", 7)]';
      const answer = await evaluate(expression, { headers: { "x-gitHub-event": "push" } });
      expect(answer.message).toEqual(["push", "push", true, true, null, 7]);
    });

    it("are a dict that json.dumps takes", async () => {
      const answer = await evaluate("[isinstance(headers, dict), json.dumps(headers)]", { headers: { "X-One": "1" } });
      const [isDict, text] = answer.message as [boolean, string];
      expect(isDict).toBe(true);
      expect(JSON.parse(text)).toMatchObject({ "X-One": "1" });
    });

    it("that repeat are joined, cookies as cookies", async () => {
      const headers = ["X-Many", "a", "x-many", "b", "Cookie", "c=1", "Cookie", "d=2"];
      const answer = await evaluate('[headers["X-Many"], headers["Cookie"]]', { headers });
      expect(answer.message).toEqual(["a, b", "c=1; d=2"]);
    });

    it("are latin-1 text", async () => {
      const answer = await evaluate('headers["X-Name"]', { headers: { "X-Name": "caf\u00e9 \u00ff" } });
      expect(answer.message).toBe("caf\u00e9 \u00ff");
    });

    it("called __proto__ or constructor are headers like others", async () => {
      const headers = ["__proto__", "p", "constructor", "c"];
      const answer = await evaluate('[headers.get("__proto__"), headers.get("constructor")]', { headers });
      expect(answer.message).toEqual(["p", "c"]);
      expect(Object.entries((await tower.logOf(answer)).request_headers)).toContainEqual(["Constructor", "c"]);
    });
  });

  describe("raw_data", () => {
    it("is every byte as it came, and is logged and hashed so", async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const expression =
        "[len(raw_data), raw_data[255], isinstance(raw_data, bytes), hashlib.sha256(raw_data).hexdigest()[:8]]";
      const answer = await evaluateAsAuthenticator(expression, { body: bytes });
      expect(answer.message).toBe("[256, 255, True, '40aff2e9']");
      const log = await tower.logOf(answer);
      expect(log.raw_body_encoding).toBe("base64");
      expect(Buffer.from(log.raw_body ?? "", "base64")).toEqual(Buffer.from(bytes));
    });

    it("answers to .encode() as text would, since documentation calls it a string", async () => {
      expect((await evaluateAsAuthenticator("str(raw_data.encode() == raw_data)")).message).toBe("True");
    });

    it("is not there for webhook code", async () => {
      const answer = await evaluate("str(raw_data)");
      expect(answer.message).toContain("name 'raw_data' is not defined");
    });

    it("is the whole of a chunked body", async () => {
      const init = { body: null, headers: { "Transfer-Encoding": "chunked" } };
      expect((await evaluateAsAuthenticator("str(len(raw_data))", init)).message).toBe("0");
    });
  });

  describe("an authenticator cannot change", () => {
    it("what the webhook sees, nor what is logged", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator:
          'payload["injected"] = 1\npayload["a"].append(2)\nheaders["X-Injected"] = "1"\nresult = {"allowed": True}',
        code: 'result = {"message": [payload, "X-Injected" in headers]}',
      });
      const answer = await tower.call(endpoint, { body: '{"a": [1]}' });
      expect(answer.message).toEqual([{ a: [1] }, false]);
      const log = await tower.logOf(answer);
      expect(log.request_payload).toEqual({ a: [1] });
      expect(JSON.stringify(log).toLowerCase()).not.toContain("injected");
    });

    it("the globals of the webhook or of the next call", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator: 'shared = 1\ndef helper():\n    return 1\nresult["allowed"] = True',
        code: 'try:\n    shared\n    result = {"message": "seen"}\nexcept Exception:\n    result = {"message": "clean"}',
      });
      expect((await tower.call(endpoint)).message).toBe("clean");
      expect((await tower.call(endpoint)).message).toBe("clean");
    });
  });
});
