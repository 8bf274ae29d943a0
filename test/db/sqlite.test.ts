import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Kysely } from "kysely";
import { expect, it, vi } from "vitest";
import { createActivity } from "../../src/db/activity.ts";
import { openDatabase } from "../../src/db/open.ts";
import { createThreadDialect } from "../../src/db/sqlite/dialect.ts";
import { startSqliteThread } from "../../src/db/sqlite/thread-client.ts";
import { createTurns } from "../../src/db/turns.ts";
import { silentLogger as logger } from "../../src/lib/logger.ts";
import { createSqliteDatabases } from "../support/databases.ts";
import { makeUser } from "./rows.ts";

const { createLocation, openFreshDatabase } = createSqliteDatabases();

it("makes directory and files for their owner alone", async () => {
  await using location = await createLocation();
  const dataDir = join(location.dataDir, "new", "data");
  const db = await openDatabase({ url: undefined, dataDir, logger });
  await db.main.insertInto("users").values(makeUser("a")).execute();
  const mode = async (path: string) => (await stat(path)).mode & 0o777;
  expect(await mode(dataDir)).toBe(0o700);
  for (const suffix of ["", "-wal", "-shm"]) expect(await mode(join(dataDir, `hooktower.sqlite${suffix}`))).toBe(0o600);
  await db.close();
});

it("says in one line that the directory cannot be made, or that the file is no database", async () => {
  await using location = await createLocation();
  const file = join(location.dataDir, "hooktower.sqlite");
  await writeFile(file, "this is no database".repeat(100));
  await expect(openDatabase({ url: undefined, dataDir: file, logger })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/cannot be written: .*(EEXIST|ENOTDIR)/) as string,
  });
  await expect(openDatabase({ ...location, logger })).rejects.toMatchObject({
    code: "unavailable",
    message: `${file} cannot be opened: file is not a database`,
  });
});

it("refuses a value that SQLite has no type for", async () => {
  await using db = await openFreshDatabase();
  const wrong = { active: new Date() as unknown as number };
  await expect(db.main.insertInto("users").values(makeUser("a", wrong)).execute()).rejects.toMatchObject({
    name: "SqliteError",
    code: "ERR_INVALID_ARG_TYPE",
  });
  const unsendable = { name: Symbol("a") as unknown as string };
  await expect(db.main.insertInto("users").values(makeUser("a", unsendable)).execute()).rejects.toThrow();
  expect(await db.ping(1000)).toBe(true);
});

it("does not write through the reader", async () => {
  await using db = await openFreshDatabase();
  await expect(db.reader.insertInto("users").values(makeUser("a")).execute()).rejects.toThrow(/readonly/);
});

it("says that it cannot stream", async () => {
  await using db = await openFreshDatabase();
  const read = async () => {
    for await (const user of db.main.selectFrom("users").selectAll().stream()) expect.fail(JSON.stringify(user));
  };
  await expect(read()).rejects.toThrow("Streaming is not supported");
});

const LONG_QUERY =
  "with recursive c (n) as (select 1 union all select n + 1 from c where n < 1000000) select count(*) from c";

async function startCrashingThread(dataDir: string) {
  const errors: unknown[] = [];
  const thread = await startSqliteThread({ path: join(dataDir, "t.sqlite"), access: "write" }, {
    ...logger,
    error: (details: unknown) => errors.push(details),
  } as typeof logger);
  await thread.query("create table users (login)", []);
  return { thread, errors };
}

it("replaces a thread that ends by itself, and frees what the old one had locked", async () => {
  await using location = await createLocation();
  const { thread, errors } = await startCrashingThread(location.dataDir);
  await thread.query("begin immediate", []);
  await thread.query("insert into users values (1)", []);
  const lost = expect(thread.query(LONG_QUERY, [])).rejects.toMatchObject({ code: "unavailable" });
  await thread.crash();
  await lost;
  await expect(thread.query("select 1", [])).rejects.toMatchObject({ code: "unavailable" });
  expect(errors).toMatchObject([{ lost: 1 }]);
  await vi.waitFor(() => expect(thread.generation).toBe(2), { timeout: 5000 });
  await thread.insert("insert into users values (?)", [[3]]);
  expect((await thread.query("select login from users", [])).rows).toEqual([[3]]);
  await thread.close();
});

it("fails a transaction whose thread has ended, and lets the next one through", async () => {
  await using location = await createLocation();
  const { thread } = await startCrashingThread(location.dataDir);
  const options = { thread, turns: createTurns(), activity: createActivity(), begin: "begin immediate" } as const;
  const db = new Kysely<{ users: { login: string } }>({ dialect: createThreadDialect(options) });
  const insert = (login: string) => db.insertInto("users").values({ login });
  const lost = db.transaction().execute(async (trx) => {
    await trx.executeQuery(insert("lost"));
    await thread.crash();
    await vi.waitFor(() => expect(thread.generation).toBe(2), { timeout: 5000 });
    // The new thread must not take the rest of it for statements of their own.
    await trx.executeQuery(insert("half"));
  });
  const waiting = insert("next").execute();
  await expect(lost).rejects.toThrow("the transaction with it");
  await waiting;
  expect(await db.selectFrom("users").selectAll().execute()).toEqual([{ login: "next" }]);
  await db.destroy();
  await thread.close();
});
