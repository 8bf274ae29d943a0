import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../support/http-client.ts";
import { startTestTower, type TestTower } from "../support/tower.ts";

/** What goes over the wire: encoding, sizes, and `result["response"]`. */
describe("answers", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower();
  }, 60_000);
  afterAll(async () => tower[Symbol.asyncDispose]());

  async function run(code: string): Promise<Answer> {
    const { endpoint } = await tower.addWebhook({ code });
    return tower.call(endpoint);
  }

  const respond = (response: string) => run(`result = {"message": "the message", "response": ${response}}`);

  it("escape everything but ASCII, and keep quotes and control characters", async () => {
    const answer = await run('result = {"message": "é 😀 \\" \\\\ \\n \\x00 \\x7f"}');
    expect(answer.message).toBe('é 😀 " \\ \n \0 \u007f');
    expect(answer.text).toMatch(/^[\x20-\x7f]+$/);
    expect(answer.text).toContain("\\u00e9 \\ud83d\\ude00");
    expect((await tower.logOf(answer)).result_message).toContain("é 😀");
  });

  it("of a failure and of a denial escape too", async () => {
    expect((await run('result = {"exit_code": 1, "message": "é😀"}')).text).toBe(
      '{"message": "\\u00e9\\ud83d\\ude00"}',
    );
    const denied = await tower.addWebhook({ authenticator: 'result = {"message": "é"}' });
    expect((await tower.call(denied.endpoint)).text).toBe('{"message": "\\u00e9"}');
  });

  it("carry a lone surrogate as JSON escapes it", async () => {
    expect((await run('result = {"message": "\\ud800"}')).text).toContain("\\ud800");
  });

  it("name the logged call in X-Hooktower-Call", async () => {
    const answer = await run('result = {"message": "m"}');
    expect(answer.id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await tower.logOf(answer)).id).toBe(answer.id);
  });

  describe("larger than 64 KiB", () => {
    it("are cut when they are text, and say so", async () => {
      for (const code of ['result = {"message": "x" * 100000}', 'result = {"exit_code": 1, "message": "é" * 50000}']) {
        const answer = await run(code);
        expect(Buffer.byteLength(String(answer.message))).toBeLessThanOrEqual(65_536);
        expect(answer.message).toMatch(/… \(cut\)$/);
        const log = await tower.logOf(answer);
        expect(Buffer.byteLength(log.result_message ?? "")).toBeLessThanOrEqual(65_536);
      }
    });

    it("are a failure when they are no text: half a dict is none", async () => {
      const answer = await run('result = {"message": {"a": "x" * 100000}}');
      expect([answer.status, answer.message]).toEqual([
        500,
        "Webhook code execution error: the message is larger than 65536 bytes",
      ]);
    });

    it("that are very large are a failure, and the next call is fine", async () => {
      const answer = await run('result = {"message": "x" * 50000000}');
      expect([200, 500]).toContain(answer.status);
      expect(answer.bytes.length).toBeLessThan(70_000);
      expect((await run("")).status).toBe(200);
    });
  });

  describe('asked for by result["response"]', () => {
    it("have its status, headers and text", async () => {
      const answer = await respond('{"status": 201, "headers": {"X-One": "1", "Location": "/x"}, "body": "plain é"}');
      expect([answer.status, answer.text]).toEqual([201, "plain é"]);
      expect(answer.headers).toMatchObject({
        "x-one": "1",
        location: "/x",
        "content-type": "text/plain; charset=utf-8",
      });
      expect(await tower.logOf(answer)).toMatchObject({
        http_status: 201,
        code_status: "success",
        result_message: "the message",
      });
    });

    it("keep the usual parts that are not given", async () => {
      expect(await respond('{"status": 202}')).toMatchObject({ status: 202, text: '{"message": "the message"}' });
      expect(await respond('{"headers": {"X-One": "1"}}')).toMatchObject({ status: 200, message: "the message" });
      expect(await respond("{}")).toMatchObject({ status: 200, message: "the message" });
      expect(await respond("None")).toMatchObject({ status: 200, message: "the message" });
    });

    it("send a body that is no text as JSON", async () => {
      const answer = await respond('{"body": {"challenge": [1, None, "é"]}}');
      expect(answer.headers["content-type"]).toBe("application/json");
      expect(JSON.parse(answer.text)).toEqual({ challenge: [1, null, "é"] });
    });

    it("may replace the Content-Type, in any case", async () => {
      const answer = await respond('{"headers": {"content-type": "text/html"}, "body": "<b>"}');
      expect(answer.headers["content-type"]).toBe("text/html");
    });

    it("may be empty", async () => {
      expect(await respond('{"status": 204, "body": "ignored"}')).toMatchObject({ status: 204, text: "" });
      expect(await respond('{"status": 200, "body": None}')).toMatchObject({ status: 200, text: "" });
      expect((await run("")).status).toBe(200);
    });

    it.each([
      ["7", "response must be a dict"],
      ["[1]", "response must be a dict"],
      ['{"stat": 200}', "response has unknown keys: stat"],
      ['{"status": 99}', "response status must be a whole number from 200 to 599"],
      ['{"status": 100}', "response status must be"],
      ['{"status": 600}', "response status must be"],
      ['{"status": "200"}', "response status must be"],
      ['{"status": True}', "response status must be"],
      ['{"status": 200.5}', "response status must be"],
      ['{"headers": []}', "response headers must be a dict"],
      ['{"headers": {"X": None}}', "response header"],
      ['{"headers": {"X Y": "1"}}', "response header"],
      ['{"headers": {"": "1"}}', "response header"],
      ['{"headers": {"X": "a\\r\\nSet-Cookie: b"}}', "response header"],
      ['{"headers": {"X": "\\u20ac"}}', "response header"],
      ['{"headers": {"Content-Length": "5"}}', "response header Content-Length is set by the server"],
      ['{"headers": {"transfer-encoding": "chunked"}}', "response header transfer-encoding is set by the server"],
      ['{"headers": {"Connection": "close"}}', "response header Connection is set by the server"],
      ['{"body": b"bytes"}', ""],
    ])("%s is a failure in clear words", async (response, words) => {
      const answer = await respond(response);
      expect(answer.status).toBe(500);
      expect(answer.message).toMatch(/^Webhook code execution error: /);
      expect(answer.message).toContain(words);
      expect(await tower.logOf(answer)).toMatchObject({ code_status: "failed", error_message: answer.message });
    });

    it("do not get past a failing exit_code", async () => {
      const answer = await run('result = {"exit_code": 1, "message": "no", "response": {"status": 200}}');
      expect([answer.status, answer.message]).toEqual([500, "no"]);
    });

    it("are not given by an authenticator", async () => {
      const { endpoint } = await tower.addWebhook({
        authenticator: 'result = {"response": {"status": 200, "body": "in"}}',
      });
      expect((await tower.call(endpoint)).status).toBe(403);
    });
  });
});
