import { describe, expect, it } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { createLogger, type Logger } from "../../src/lib/logger.ts";
import { makeUser } from "../db/rows.ts";

/** How changes of configuration are told within one process; between processes: test/db/processes.test.ts. */
export function describeConfiguration(
  name: string,
  open: (logger?: Logger) => Promise<Database & AsyncDisposable>,
): void {
  const readLogins = async (db: Database) =>
    (await db.main.selectFrom("users").select("login").execute()).map(({ login }) => login);
  const addUser = (db: Database, login: string) =>
    db.changeConfiguration((trx) => trx.insertInto("users").values(makeUser(login)).execute());

  describe(`${name}: configuration`, () => {
    it("resolves after the listeners have seen the change", async () => {
      await using db = await open();
      let seen: string[] = [];
      db.onConfigurationChange(async () => void (seen = await readLogins(db)));
      await addUser(db, "a");
      expect(seen).toEqual(["a"]);
      await addUser(db, "b");
      expect(seen).toEqual(["a", "b"]);
    });

    it("has told the listeners of every one of many changes made together", async () => {
      await using db = await open();
      let seen: string[] = [];
      let rounds = 0;
      db.onConfigurationChange(async () => {
        rounds += 1;
        seen = await readLogins(db);
      });
      const add = async (login: string) => {
        await addUser(db, login);
        expect(seen).toContain(login);
      };
      await Promise.all(Array.from({ length: 20 }, (_, index) => add(`u${index}`)));
      expect(rounds).toBeLessThanOrEqual(20);
    });

    it("tells nobody of a change that failed, and counts no version", async () => {
      await using db = await open();
      let calls = 0;
      db.onConfigurationChange(async () => void calls++);
      await expect(db.changeConfiguration(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
      expect(calls).toBe(0);
      expect(await db.main.selectFrom("configuration_version").select("version").execute()).toEqual([{ version: 1 }]);
    });

    it("lets a change stand when a listener throws, and logs it", async () => {
      const errors: unknown[] = [];
      const logger = Object.assign(createLogger("silent"), { error: (details: unknown) => errors.push(details) });
      await using db = await open(logger);
      let calls = 0;
      db.onConfigurationChange(() => {
        throw new Error("broken listener");
      });
      db.onConfigurationChange(async () => void calls++);
      expect(await db.changeConfiguration(() => Promise.resolve("done"))).toBe("done");
      expect(calls).toBe(1);
      expect(errors).toMatchObject([{ err: { message: "broken listener" } }]);
    });

    it("calls a listener again that could not read what it keeps", async () => {
      await using db = await open(createLogger("silent"));
      const caughtUp = Promise.withResolvers<string[]>();
      let failures = 0;
      db.onConfigurationChange(async () => {
        if (failures < 2) {
          failures += 1;
          throw new Error("the database is away");
        }
        caughtUp.resolve(await readLogins(db));
      });
      await addUser(db, "a");
      expect(failures).toBe(1);
      expect(await caughtUp.promise).toEqual(["a"]);
      expect(failures).toBe(2);
    });

    it("tells a listener nothing after it was stopped", async () => {
      await using db = await open();
      const calls: string[] = [];
      const stopFirst = db.onConfigurationChange(async () => void calls.push("first"));
      const stopSecond = db.onConfigurationChange(async () => void calls.push("second"));
      stopFirst();
      stopFirst();
      await addUser(db, "a");
      stopSecond();
      await addUser(db, "b");
      expect(calls).toEqual(["second"]);
    });
  });
}
