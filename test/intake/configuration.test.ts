import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestTower, type TestTower } from "../support/tower.ts";

/** A change of configuration holds for the next call, as soon as it is answered. */
describe("a change of configuration", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower();
  }, 60_000);
  afterAll(async () => tower[Symbol.asyncDispose]());

  const say = (text: string) => ({ code: `result = {"message": "${text}"}` });

  it("of the code holds at once, twenty times in a row", async () => {
    const { endpoint, reference } = await tower.addWebhook();
    for (let version = 1; version <= 20; version += 1) {
      await tower.must("PATCH", `/webhooks/${reference}`, say(`version ${version}`));
      expect((await tower.call(endpoint)).message).toBe(`version ${version}`);
    }
  });

  it("of the authenticator's code holds at once", async () => {
    const { endpoint, authenticator } = await tower.addWebhook();
    await tower.must("PATCH", `/webhook-authenticators/${authenticator}`, { code: 'result = {"message": "closed"}' });
    expect((await tower.call(endpoint)).message).toBe("closed");
  });

  it("of the allowed addresses holds at once", async () => {
    const { endpoint, authenticator } = await tower.addWebhook();
    await tower.must("PATCH", `/webhook-authenticators/${authenticator}`, { allowed_ip_addresses: "10.0.0.1" });
    expect((await tower.call(endpoint)).message).toBe("Address not allowed");
    await tower.must("PATCH", `/webhook-authenticators/${authenticator}`, { allowed_ip_addresses: null });
    expect((await tower.call(endpoint)).status).toBe(200);
  });

  it("that disables and enables holds at once", async () => {
    const { endpoint, reference } = await tower.addWebhook();
    await tower.must("PATCH", `/webhooks/${reference}`, { active: false });
    expect((await tower.call(endpoint)).status).toBe(404);
    await tower.must("PATCH", `/webhooks/${reference}`, { active: true });
    expect((await tower.call(endpoint)).status).toBe(200);
  });

  it("of endpoint, method and payload type holds at once", async () => {
    const { endpoint, reference } = await tower.addWebhook({ code: 'result = {"message": payload}' });
    await tower.must("PATCH", `/webhooks/${reference}`, { endpoint: "moved/here" });
    expect((await tower.call(endpoint)).status).toBe(404);
    expect((await tower.call("moved/here", { body: '{"a": 1}' })).message).toEqual({ a: 1 });
    await tower.must("PATCH", `/webhooks/${reference}`, { content_type: "form" });
    expect((await tower.call("moved/here", { body: '{"a": 1}' })).message).toBe("OK");
    await tower.must("PATCH", `/webhooks/${reference}`, { method: "get" });
    expect((await tower.call("moved/here", { method: "GET", query: "b=2" })).message).toEqual({ b: "2" });
  });

  it("of a secret's value holds at once", async () => {
    await tower.addSecret("ROTATED", "one");
    const { endpoint } = await tower.addWebhook({ code: 'result = {"message": str(len(#!cxtower.secret.ROTATED!#))}' });
    expect((await tower.call(endpoint)).message).toBe("3");
    await tower.must("PATCH", "/keys/ROTATED", { secret_value: "three" });
    expect((await tower.call(endpoint)).message).toBe("5");
    await tower.must("DELETE", "/keys/ROTATED");
    expect((await tower.call(endpoint)).status).toBe(500);
  });

  it("of the run as user holds at once", async () => {
    await tower.must("POST", "/users", { login: "first", name: "First" });
    const { endpoint, reference } = await tower.addWebhook({ code: 'result = {"message": user.name}' });
    await tower.must("PATCH", `/webhooks/${reference}`, { user_id: "first" });
    expect((await tower.call(endpoint)).message).toBe("First");
    await tower.must("PATCH", "/users/first", { name: "Renamed" });
    expect((await tower.call(endpoint)).message).toBe("Renamed");
  });

  it("that deletes the webhook holds at once, and its log rows go away", async () => {
    const { endpoint, reference } = await tower.addWebhook();
    await tower.call(endpoint);
    await tower.must("DELETE", `/webhooks/${reference}`);
    expect((await tower.call(endpoint)).status).toBe(404);
    await expect
      .poll(
        async () =>
          (await tower.must<{ items: unknown[] }>("GET", `/webhook-logs?endpoint=${endpoint}&http_status=200`)).items,
      )
      .toEqual([]);
  });

  it("that is refused changes nothing", async () => {
    const { endpoint, reference } = await tower.addWebhook(say("stays"));
    expect((await tower.api("PATCH", `/webhooks/${reference}`, { code: "x = (", active: false })).status).toBe(422);
    expect((await tower.call(endpoint)).message).toBe("stays");
  });

  it("does not disturb calls that are under way: they end with the code they began with", async () => {
    const { endpoint, reference } = await tower.addWebhook({ code: 'time.sleep(0.3)\nresult = {"message": "old"}' });
    const underWay = tower.call(endpoint);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await tower.must("PATCH", `/webhooks/${reference}`, say("new"));
    expect((await tower.call(endpoint)).message).toBe("new");
    expect((await underWay).message).toBe("old");
  });
});
