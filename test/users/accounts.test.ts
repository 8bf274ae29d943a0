import { describe, expect, it, beforeEach, afterEach } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { openDatabase } from "../../src/db/open.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { createAccounts, type Accounts } from "../../src/users/accounts.service.ts";
import { createPasswords } from "../../src/users/passwords.ts";
import { describeEachDatabase } from "../support/databases.ts";

const time = { now: 1_000_000 };
const passwords = createPasswords({ N: 16, r: 1, p: 1 });
const tools = { clock: { now: () => time.now }, passwords, logger: silentLogger };

describeEachDatabase((databases) => {
  describe("accounts", () => {
    let db: Database & AsyncDisposable;
    let accounts: Accounts;

    beforeEach(async () => {
      db = await databases.openFreshDatabase();
      accounts = createAccounts({ db, ...tools });
    });
    afterEach(async () => db[Symbol.asyncDispose]());

    it("makes an administrator with a readable password on an empty database", async () => {
      const created = await accounts.ensureAdmin({});
      expect(created?.login).toBe("admin");
      expect(created?.generatedPassword).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){4}$/);
      const { account } = await accounts.signIn("admin", created?.generatedPassword ?? "", "192.0.2.1");
      expect(account).toMatchObject({ login: "admin", name: "Administrator", group: "root" });
      expect(await accounts.ensureAdmin({})).toBeNull();
    });

    it("takes password and token as given, at the first start only", async () => {
      expect(await accounts.ensureAdmin({ password: "first-password", token: "first-token" })).toEqual({
        login: "admin",
        generatedPassword: null,
      });
      expect(await accounts.ensureAdmin({ password: "second-password", token: "second-token" })).toBeNull();
      expect(await accounts.findByApiToken("first-token")).toMatchObject({ login: "admin", group: "root" });
      expect(await accounts.findByApiToken("second-token")).toBeNull();
      await expect(accounts.signIn("admin", "second-password", "192.0.2.1")).rejects.toMatchObject({
        code: "unauthenticated",
      });
    });

    it("makes one administrator when two processes start at once", async () => {
      await using location = await databases.createLocation();
      const open = [1, 2].map(() => openDatabase({ ...location, logger: silentLogger }));
      const opened = await Promise.all(open);
      const both = opened.map((one) => createAccounts({ db: one, ...tools }));
      const results = await Promise.all(both.map((one) => one.ensureAdmin({})));
      expect(results.filter((result) => result !== null)).toHaveLength(1);
      const password = results.find((result) => result !== null)?.generatedPassword ?? "";
      for (const one of both) await expect(one.signIn("admin", password, "192.0.2.1")).resolves.toBeDefined();
      for (const one of opened) {
        expect(await one.main.selectFrom("users").select("login").execute()).toEqual([{ login: "admin" }]);
        await one.close();
      }
    });

    it("makes tokens that can be told from others and are known by their hash", async () => {
      await accounts.ensureAdmin({ password: "a-password" });
      const token = await accounts.createApiToken("admin", "ci");
      expect(token).toMatch(/^htk_[\w-]{43}$/);
      expect(await accounts.findByApiToken(token)).toMatchObject({ login: "admin" });
      expect(await accounts.findByApiToken(`${token}x`)).toBeNull();
      await expect(accounts.createApiToken("nobody", "ci")).rejects.toMatchObject({ code: "not_found" });
      await expect(accounts.storeApiToken("admin", "again", token)).rejects.toMatchObject({ code: "conflict" });
    });

    it("notes when a token was last used, to the minute", async () => {
      await accounts.ensureAdmin({ password: "a-password" });
      const token = await accounts.createApiToken("admin", "ci");
      const lastUsed = async () =>
        (await db.main.selectFrom("api_tokens").select("last_used_date").executeTakeFirst())?.last_used_date;
      await accounts.findByApiToken(token);
      const first = time.now;
      expect(await lastUsed()).toBe(first);
      time.now += 59_999;
      await accounts.findByApiToken(token);
      expect(await lastUsed()).toBe(first);
      time.now += 1;
      await accounts.findByApiToken(token);
      expect(await lastUsed()).toBe(time.now);
    });

    it("throttles an address over many logins", async () => {
      for (let number = 0; number < 50; number += 1) {
        // Longer than any login: refused without asking the database, but counted.
        await expect(accounts.signIn(`${number}`.repeat(600), "", "192.0.2.1")).rejects.toMatchObject({
          code: "unauthenticated",
        });
      }
      const refused = accounts.signIn("anybody", "wrong", "192.0.2.1");
      await expect(refused).rejects.toMatchObject({ code: "too_many_requests", retryAfterSeconds: 900 });
      await expect(accounts.signIn("anybody", "wrong", "192.0.2.2")).rejects.toMatchObject({ code: "unauthenticated" });
    });

    it("counts attempts from their start, so that many at once do not slip through", async () => {
      const attempts = Array.from({ length: 15 }, () => accounts.signIn("admin", "wrong", "192.0.2.1"));
      const codes = (await Promise.allSettled(attempts)).map((result) =>
        result.status === "rejected" ? (result.reason as { code: string }).code : "",
      );
      expect(codes.filter((code) => code === "too_many_requests")).toHaveLength(5);
    });

    it("ends the sessions of one user", async () => {
      await accounts.ensureAdmin({ password: "a-password" });
      const { token, account } = await accounts.signIn("admin", "a-password", "192.0.2.1");
      expect(await accounts.findBySession(token)).toEqual(account);
      await accounts.endSessions(account.userId);
      expect(await accounts.findBySession(token)).toBeNull();
    });
  });
});
