import { expect, it, vi } from "vitest";
import { openDatabase } from "../../src/db/open.ts";
import { silentLogger as logger } from "../../src/lib/logger.ts";
import { describeEachDatabase, type TestLocation } from "../support/databases.ts";
import { LOG_COLUMNS, makeLogRow, makeUser } from "./rows.ts";
import { startChild } from "./start-child.ts";

describeEachDatabase(({ createLocation }) => {
  async function open(location: TestLocation) {
    const db = await openDatabase({ ...location, logger });
    return Object.assign(db, { [Symbol.asyncDispose]: () => db.close() });
  }

  it("is migrated once when processes start together", async () => {
    await using location = await createLocation();
    const children = Array.from({ length: 3 }, () => startChild("open", location));
    for (const child of children) expect(await child.ended).toEqual({ code: 0, errors: "" });
    await using db = await open(location);
    expect(await db.main.selectFrom("settings").select("id").execute()).toEqual([{ id: 1 }]);
  }, 30_000);

  it("shows another process what insertRows has resolved for", async () => {
    await using location = await createLocation();
    await using db = await open(location);
    await db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("a")]);
    const child = startChild("open", location);
    expect(await child.waitFor("calls")).toBe("calls a");
    expect(await child.ended).toEqual({ code: 0, errors: "" });
  }, 30_000);

  it("hears of configuration that another process changes", async () => {
    await using location = await createLocation();
    await using db = await open(location);
    let seen: string[] = [];
    db.onConfigurationChange(async () => {
      seen = (await db.main.selectFrom("users").select("login").execute()).map(({ login }) => login);
    });
    expect(await startChild("change", location).ended).toEqual({ code: 0, errors: "" });
    await vi.waitFor(() => expect(seen).toEqual(["from-child"]), { timeout: 2000 });
    // And once more, to see that it is still listening.
    expect((await startChild("change", location).ended).code).not.toBe(0);
    await db.changeConfiguration((trx) => trx.insertInto("users").values(makeUser("own")).execute());
    expect(seen).toEqual(["from-child", "own"]);
  }, 30_000);

  it("hears of configuration that was changed before anybody listened", async () => {
    await using location = await createLocation();
    await using db = await open(location);
    expect((await startChild("change", location).ended).code).toBe(0);
    let calls = 0;
    db.onConfigurationChange(async () => void calls++);
    await vi.waitFor(() => expect(calls).toBe(1), { timeout: 2000 });
  }, 30_000);

  it("waits for another process that writes", async () => {
    await using location = await createLocation();
    await using db = await open(location);
    const child = startChild("hold", location);
    await child.waitFor("holding");
    await Promise.all([
      db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("a")]),
      db.main.insertInto("users").values(makeUser("a")).execute(),
    ]);
    expect(await child.ended).toEqual({ code: 0, errors: "" });
    expect(await db.main.selectFrom("users").select("login").execute()).toHaveLength(2);
  }, 30_000);

  it("loses no row that was inserted before the process was killed", async () => {
    await using location = await createLocation();
    const inserted: string[] = [];
    for (let kills = 0; kills < 5; kills++) {
      const child = startChild("insert", location);
      await child.waitFor("inserted");
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 80));
      await child.kill();
      inserted.push(...child.lines.flatMap((line) => line.split(" ").slice(1)));
    }
    await using db = await open(location);
    const rows = await db.main.selectFrom("webhook_logs").select("id").execute();
    const found = new Set(rows.map(({ id }) => id));
    expect(inserted.length).toBeGreaterThan(25);
    expect(inserted.filter((id) => !found.has(id))).toEqual([]);
    // All or nothing: no batch of five is there in part.
    expect(found.size % 5).toBe(0);
  }, 60_000);

  it("goes on after a process was killed in the middle of a migration", async () => {
    await using location = await createLocation();
    const child = startChild("stuckMigration", location);
    await child.waitFor("half way");
    await child.kill();
    await using db = await open(location);
    const tables = (await db.main.introspection.getTables()).map(({ name }) => name);
    expect(tables).toContain("webhook_logs");
    expect(tables).not.toContain("half");
  }, 30_000);
});
