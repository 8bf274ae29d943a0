import { expect, it } from "vitest";
import { createSecrets } from "../../src/tower/keys/secrets.service.ts";
import { createSecretCipher } from "../../src/records/secret-cipher.ts";
import { models } from "../../src/models.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { openRecords, ROOT, SECRET_KEY } from "./support.ts";

const ENDPOINT_WORDS =
  "Endpoint must start and end with a letter or digit, and may contain underscores, dashes, and slashes in between";

/** Rules of the models: endpoints, addresses, relations, users, secrets. */
describeEachDatabase(({ openFreshDatabase }) => {
  async function open() {
    const at = await openRecords(openFreshDatabase);
    await at.create("webhook_authenticator", { name: "Auth", reference: "auth" });
    return at;
  }
  const hook = (endpoint: string, more = {}) => ({ name: "Hook", endpoint, authenticator_id: "auth", ...more });

  it("endpoints keep the pattern, in the words of the original", async () => {
    await using at = await open();
    for (const endpoint of ["a", "A9", "a/b-c_d", "deploy/app", "a//b"]) {
      expect(await at.create("webhook", hook(endpoint))).toMatchObject({ endpoint });
    }
    for (const endpoint of ["-a", "a-", "/a", "a/", "_a", "a b", "a.b", "é", "a%2Fb", "../a"]) {
      await expect(at.create("webhook", hook(endpoint)), endpoint).rejects.toMatchObject({
        code: "invalid",
        errors: [{ path: "endpoint", message: ENDPOINT_WORDS }],
      });
    }
    for (const endpoint of ["", "a\n", "\0"]) {
      await expect(at.create("webhook", hook(endpoint))).rejects.toMatchObject({
        code: "invalid",
        errors: [{ path: "endpoint" }],
      });
    }
  });

  it("endpoint and method are unique together, disabled ones included", async () => {
    await using at = await open();
    await at.create("webhook", hook("push", { active: false, reference: "first" }));
    const taken = { code: "conflict", errors: [{ path: "endpoint", message: "Endpoint and method must be unique!" }] };
    await expect(at.create("webhook", hook("push"))).rejects.toMatchObject(taken);
    await at.create("webhook", hook("push", { method: "get" }));
    await at.create("webhook", hook("Push"));
    await expect(at.update("webhook", "first", { method: "get" })).rejects.toMatchObject(taken);
  });

  it.each([
    ["allowed_ip_addresses", "10.0.0.1, nonsense", "Invalid allowed IP/CIDR entry: nonsense"],
    ["allowed_ip_addresses", "10.0.0.0/33", "Invalid allowed IP/CIDR entry: 10.0.0.0/33"],
    ["allowed_ip_addresses", "2001:db8::/129", "Invalid allowed IP/CIDR entry: 2001:db8::/129"],
    ["allowed_ip_addresses", "10.0.0.1/8/8", "Invalid allowed IP/CIDR entry: 10.0.0.1/8/8"],
    ["allowed_ip_addresses", "10.0.0", "Invalid allowed IP/CIDR entry: 10.0.0"],
    ["allowed_ip_addresses", "10.0.0.1/", "Invalid allowed IP/CIDR entry: 10.0.0.1/"],
    ["trusted_proxy_ips", "proxy.example.com", "Invalid trusted proxy entry: proxy.example.com"],
  ])("%s refuses %j in the words of the original", async (field, value, message) => {
    await using at = await open();
    await expect(at.update("webhook_authenticator", "auth", { [field]: value })).rejects.toMatchObject({
      code: "invalid",
      errors: [{ path: field, message }],
    });
  });

  it("addresses may be IPv4, IPv6, networks with host bits, and blanks between", async () => {
    await using at = await open();
    const value = "10.0.0.1, 10.1.2.3/8,,2001:db8::1, 2001:db8::7/32, ::ffff:10.0.0.1";
    expect(await at.update("webhook_authenticator", "auth", { allowed_ip_addresses: value })).toMatchObject({
      allowed_ip_addresses: value,
    });
  });

  it("what is used by others is not deleted, and it says by whom", async () => {
    await using at = await open();
    await at.create("user", { login: "robot", name: "Robot" });
    await at.create("webhook", hook("push", { reference: "pusher", user_id: "robot" }));
    await expect(at.remove("webhook_authenticator", "auth")).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("webhook pusher"),
    });
    await expect(at.remove("user", "robot")).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("webhook pusher"),
    });
    await at.remove("webhook", "pusher");
    await at.remove("webhook_authenticator", "auth");
    await at.remove("user", "robot");
  });

  it("relations that point nowhere are named", async () => {
    await using at = await open();
    await expect(
      at.create("webhook", hook("push", { authenticator_id: "nope", user_id: "nobody" })),
    ).rejects.toMatchObject({
      code: "invalid",
      errors: [{ path: "authenticator_id" }, { path: "user_id" }],
    });
  });

  it("a webhook runs as whoever makes it, unless it says otherwise", async () => {
    await using at = await open();
    expect(await at.create("webhook", hook("mine"))).toMatchObject({
      user_id: "root",
      active: true,
      method: "post",
      content_type: "json",
    });
  });

  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "id", "create_date", "nope"])(
    "the field %s is unknown",
    async (name) => {
      await using at = await open();
      const values = JSON.parse(`{"name": "x", "${name}": "y"}`) as Record<string, string>;
      for (const model of ["key", "webhook_authenticator", "user"]) {
        await expect(
          at.create(model, { ...(model === "user" && { login: "x" }), ...values, [name]: "y" }),
          model,
        ).rejects.toMatchObject({ code: "invalid" });
      }
      await expect(at.records.list(models.get("key"), { filters: { [name]: "y" } }, ROOT)).rejects.toMatchObject({
        code: "invalid",
      });
    },
  );

  it("the last active Root user stays one", async () => {
    await using at = await open();
    const last = { code: "invalid", errors: [{ path: "group", message: "the last active Root user must stay one" }] };
    await expect(at.update("user", "root", { group: "user" })).rejects.toMatchObject(last);
    await expect(at.update("user", "root", { active: false })).rejects.toMatchObject(last);
    await expect(at.remove("user", "root")).rejects.toMatchObject(last);
    await at.create("user", { login: "second", name: "Second", group: "root" });
    await at.update("user", "root", { group: "user" });
    await expect(at.update("user", "second", { active: false })).rejects.toMatchObject(last);
  });

  it("only Root changes or reads webhooks, authenticators and users", async () => {
    await using at = await open();
    for (const group of ["user", "manager"] as const) {
      const actor = { userId: 2, login: group, group };
      for (const model of [models.get("webhook"), models.get("webhook_authenticator"), models.get("user")]) {
        await expect(at.records.list(model, {}, actor), model.name).rejects.toMatchObject({ code: "forbidden" });
        await expect(at.records.create(model, { name: "x" }, actor)).rejects.toMatchObject({ code: "forbidden" });
        await expect(at.records.update(model, "auth", {}, actor)).rejects.toMatchObject({ code: "forbidden" });
        await expect(at.records.delete(model, "auth", actor)).rejects.toMatchObject({ code: "forbidden" });
        await expect(at.records.copy(model, "auth", {}, actor)).rejects.toMatchObject({ code: "forbidden" });
      }
    }
  });

  it("secrets are encrypted in the table, never read back, and not copied", async () => {
    await using at = await open();
    const made = await at.create("key", { name: "K", reference: "K", secret_value: "the plain value" });
    expect(made).toMatchObject({ has_secret_value: true });
    expect(JSON.stringify(made)).not.toContain("plain");
    await at.create("key", { name: "L", reference: "L", secret_value: "the plain value" });
    const rows = await at.db.main.selectFrom("keys").selectAll().orderBy("id").execute();
    expect(JSON.stringify(rows)).not.toContain("plain");
    // The same value twice does not look the same.
    expect(rows[0]?.secret_value).not.toBe(rows[1]?.secret_value);
    expect(await at.copy("key", "K")).toMatchObject({ has_secret_value: false });
    await expect(at.records.list(models.get("key"), { filters: { secret_value: "x" } }, ROOT)).rejects.toMatchObject({
      code: "invalid",
    });
    expect((await at.records.list(models.get("key"), { search: "plain" }, ROOT)).items).toEqual([]);
  });

  it("secrets are handed out to code as they are, and null when there is none", async () => {
    await using at = await open();
    const value = 'ü "quotes" \\ \n 😀';
    await at.create("key", { name: "K", reference: "K", secret_value: value });
    await at.create("key", { name: "E", reference: "E" });
    await at.create("key", { name: "S", reference: "S", key_type: "k", secret_value: "ssh" });
    const secrets = createSecrets(at.db.main, createSecretCipher(SECRET_KEY), silentLogger);
    expect(Object.fromEntries(await secrets.read(["K", "E", "S", "k", "NOPE"]))).toEqual({
      K: value,
      E: null,
      S: null,
      k: null,
      NOPE: null,
    });
    await at.update("key", "K", { secret_value: "" });
    expect((await secrets.read(["K"])).get("K")).toBeNull();
  });

  it("passwords are hashed and never read back", async () => {
    await using at = await open();
    const made = await at.create("user", { login: "jo", name: "Jo", password: "a long password" });
    expect(JSON.stringify(made)).not.toContain("long password");
    const row = await at.db.main
      .selectFrom("users")
      .select("password")
      .where("login", "=", "jo")
      .executeTakeFirstOrThrow();
    expect(row.password).toMatch(/^scrypt\$/);
  });

  it("lists find text whatever the case, % and _ for what they are, and words that are not ASCII", async () => {
    await using at = await open();
    for (const name of ["100% sure", "100 sure", "Österreich"]) await at.create("key", { name });
    const find = async (search: string) =>
      (await at.records.list(models.get("key"), { search }, ROOT)).items.map(({ name }) => name);
    expect(await find("100%")).toEqual(["100% sure"]);
    expect(await find("SURE")).toEqual(["100% sure", "100 sure"]);
    expect(await find("Österreich")).toEqual(["Österreich"]);
  });
});
