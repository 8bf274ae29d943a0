import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RAN, startTestTower, type TestTower } from "../support/tower.ts";

const LOOPBACK = "127.0.0.0/8,::1";

/** Whose call it is, and who may call. The peer of every test is 127.0.0.1. */
describe("client addresses", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower();
  }, 60_000);
  afterAll(async () => tower[Symbol.asyncDispose]());

  const add = (allowed: string | null, proxies: string | null) =>
    tower.addWebhook({ authenticatorFields: { allowed_ip_addresses: allowed, trusted_proxy_ips: proxies }, code: RAN });

  it.each<[string, string, string | null, Record<string, string>, string]>([
    [
      "the peer without a trusted proxy, whatever the headers say",
      "127.0.0.1",
      null,
      { "X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9" },
      "127.0.0.1",
    ],
    [
      "the peer when it is not the trusted proxy",
      "127.0.0.1",
      "10.0.0.0/8",
      { "X-Forwarded-For": "203.0.113.9" },
      "127.0.0.1",
    ],
    [
      "the only address in X-Forwarded-For",
      "203.0.113.9",
      LOOPBACK,
      { "X-Forwarded-For": "203.0.113.9" },
      "203.0.113.9",
    ],
    [
      "the right-most address that is no proxy: what is left of it may be forged",
      "198.51.100.7",
      LOOPBACK,
      { "X-Forwarded-For": "203.0.113.9, 198.51.100.7" },
      "198.51.100.7",
    ],
    [
      "left of a chain of trusted proxies",
      "198.51.100.7",
      `${LOOPBACK},10.0.0.0/8`,
      { "X-Forwarded-For": "203.0.113.9, 198.51.100.7, 10.1.1.1, 10.2.2.2" },
      "198.51.100.7",
    ],
    [
      "the left-most of nothing but trusted proxies",
      "10.1.1.1",
      `${LOOPBACK},10.0.0.0/8`,
      { "X-Forwarded-For": "10.1.1.1, 10.2.2.2" },
      "10.1.1.1",
    ],
    [
      "X-Real-IP when X-Forwarded-For has no address",
      "203.0.113.8",
      LOOPBACK,
      { "X-Forwarded-For": "garbage, not_an_ip", "X-Real-IP": "203.0.113.8" },
      "203.0.113.8",
    ],
    ["X-Real-IP without X-Forwarded-For", "203.0.113.8", LOOPBACK, { "X-Real-IP": "203.0.113.8" }, "203.0.113.8"],
    [
      "the peer when no header has an address",
      "127.0.0.1",
      LOOPBACK,
      { "X-Forwarded-For": "unknown", "X-Real-IP": "-" },
      "127.0.0.1",
    ],
    ["an address with a port", "203.0.113.9", LOOPBACK, { "X-Forwarded-For": "203.0.113.9:4711" }, "203.0.113.9"],
    [
      "an IPv6 address in brackets with a port",
      "2001:db8::7",
      LOOPBACK,
      { "X-Forwarded-For": "[2001:db8::7]:4711" },
      "2001:db8::7",
    ],
    ["an IPv6 address in capitals", "2001:db8::/32", LOOPBACK, { "X-Forwarded-For": "2001:DB8::7" }, "2001:db8::7"],
    [
      "an IPv4 address inside IPv6",
      "203.0.113.0/24",
      LOOPBACK,
      { "X-Forwarded-For": "::ffff:203.0.113.9" },
      "203.0.113.9",
    ],
    [
      "an IPv4 address inside IPv6 in hexadecimal",
      "203.0.113.0/24",
      LOOPBACK,
      { "X-Forwarded-For": "::ffff:cb00:7109" },
      "203.0.113.9",
    ],
    [
      "entries with blanks around and between",
      "203.0.113.9",
      LOOPBACK,
      { "X-Forwarded-For": " , 203.0.113.9 ,, " },
      "203.0.113.9",
    ],
  ])("is %s", async (_name, allowed, proxies, headers, expected) => {
    const { endpoint } = await add(allowed, proxies);
    const answer = await tower.call(endpoint, { headers });
    expect(answer.message).toBe("webhook ran");
    expect((await tower.logOf(answer)).ip_address).toBe(expected);
  });

  it("takes repeated X-Forwarded-For headers as one list", async () => {
    const { endpoint } = await add(null, LOOPBACK);
    const headers = ["X-Forwarded-For", "203.0.113.1", "X-Forwarded-For", "203.0.113.2"];
    expect((await tower.logOf(await tower.call(endpoint, { headers }))).ip_address).toBe("203.0.113.2");
  });

  it.each<[string, string, Record<string, string>]>([
    ["another network", "10.0.0.0/8", {}],
    ["another address", "127.0.0.2", {}],
    ["nobody, by a list of nothing but commas", " , ,", {}],
    ["a forged address without a trusted proxy", "203.0.113.9", { "X-Forwarded-For": "203.0.113.9" }],
  ])("that are not allowed are denied before any code runs: %s", async (_name, allowed, headers) => {
    const { endpoint, authenticator } = await add(allowed, null);
    await tower.must("PATCH", `/webhook-authenticators/${authenticator}`, {
      code: '_logger.info("ran")\nresult = {"allowed": True}',
    });
    const answer = await tower.call(endpoint, { headers });
    expect([answer.status, answer.message]).toEqual([403, "Address not allowed"]);
    const log = await tower.logOf(answer);
    expect(log).toMatchObject({
      authentication_status: "failed",
      code_status: "skipped",
      ip_address: "127.0.0.1",
      code_log: [],
    });
    expect(log.error_message).toContain("Address not allowed");
  });

  it.each(["127.0.0.1", "127.0.0.7/8", "::1, 127.0.0.1", " 127.0.0.1 ,,10.0.0.1", "0.0.0.0/0", "", "::ffff:127.0.0.1"])(
    "may be allowed by %j",
    async (allowed) => {
      const { endpoint } = await add(allowed, null);
      expect((await tower.call(endpoint)).status).toBe(200);
    },
  );
});
