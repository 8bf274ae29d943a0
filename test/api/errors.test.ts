import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../src/lib/errors.ts";
import { startApi, type ApiFixture } from "./support.ts";

describe("errors", () => {
  let api: ApiFixture;
  const logged: string[] = [];

  beforeAll(async () => {
    api = await startApi({ logger: pino({ level: "error" }, { write: (line: string) => void logged.push(line) }) });
  });
  afterAll(async () => api[Symbol.asyncDispose]());

  const JSON_TYPE = { "content-type": "application/json" };

  it.each([
    [400, "malformed", "POST", "/api/v1/keys", "{not json", JSON_TYPE],
    [400, "malformed", "POST", "/api/v1/keys", '{"__proto__": {"name": "x"}}', JSON_TYPE],
    [413, "too_large", "POST", "/api/v1/keys", JSON.stringify({ note: "x".repeat(1024 * 1024) }), JSON_TYPE],
    [415, "unsupported_media_type", "POST", "/api/v1/keys", "name: x", { "content-type": "application/yaml" }],
    [
      415,
      "unsupported_media_type",
      "POST",
      "/api/v1/keys",
      "name=x",
      { "content-type": "application/x-www-form-urlencoded" },
    ],
    [422, "invalid", "POST", "/api/v1/keys", "", JSON_TYPE],
    [404, "not_found", "GET", "/api", undefined, {}],
    [404, "not_found", "GET", "/api/v2/keys", undefined, {}],
    [404, "not_found", "PUT", "/api/v1/keys/x", undefined, {}],
    [404, "not_found", "DELETE", "/api/v1/webhook-logs/x", undefined, {}],
    [404, "not_found", "POST", "/api/v1/webhook-logs", undefined, {}],
    [400, "malformed", "GET", "/api/v1/keys/%ff", undefined, {}],
  ] as const)("answers %i %s to %s %s", async (status, code, method, url, body, headers) => {
    const answer = await api.request("root", method, url, body, headers);
    expect(answer.statusCode, answer.body).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.json()).toMatchObject({
      type: `urn:hooktower:error:${code}`,
      title: ERROR_CODES[code].title,
      status,
    });
  });

  it("logs a bug whole and answers it with nothing but a number", async () => {
    await api.db.main.schema.alterTable("keys").renameTo("keys_gone").execute();
    const answer = await api.request("root", "GET", "/api/v1/keys?name=in-the-url");
    await api.db.main.schema.alterTable("keys_gone").renameTo("keys").execute();
    expect(answer.statusCode).toBe(500);
    const problem = answer.json<{ detail: string }>();
    expect(problem).toMatchObject({ type: "urn:hooktower:error:internal", title: "Internal error", status: 500 });
    expect(answer.body).not.toContain("keys");
    const id = answer.headers["x-request-id"];
    expect(problem.detail).toContain(id);
    const line = logged.find((entry) => entry.includes(String(id)));
    expect(line).toMatch(/no such table/);
    expect(line).not.toContain("in-the-url");
  });

  it("sets headers for safety on every answer, and does not believe a sender's request id", async () => {
    for (const url of ["/api/v1/session", "/api/nothing", "/api/openapi.json", "/healthz", "/api/%ff"]) {
      const { headers } = await api.request(null, "GET", url, undefined, {
        "x-request-id": "forged",
        "request-id": "forged",
      });
      expect(headers, url).toMatchObject({
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
      });
      expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers).not.toHaveProperty("x-powered-by");
    }
  });

  it("reads no body of those who are not signed in", async () => {
    await using own = await startApi();
    await own.app.listen({ port: 0, host: "127.0.0.1" });
    const socket = connect((own.app.server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(
      "POST /api/v1/keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 401 /);
    socket.destroy();
  });

  it("documents every code", () => {
    const reference = readFileSync(new URL("../../docs/reference/errors.md", import.meta.url), "utf8");
    const documented = [...reference.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map((match) => [
      match[1],
      Number(match[2]),
    ]);
    const codes = Object.entries(ERROR_CODES).map(([code, { status }]) => [code, status]);
    expect(documented).toEqual([...codes, ["internal", 500]]);
  });
});
