import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { isForeignKeyViolation, isUniqueViolation } from "../../src/db/errors.ts";
import { LOG_COLUMNS, makeLog, makeLogRow, makeUser } from "../db/rows.ts";

type OpenDatabase = () => Promise<Database & AsyncDisposable>;

/** What every database does, whatever its kind. `open` gives a fresh one. */
export function describeDatabase(name: string, open: OpenDatabase): void {
  describe(`${name}: queries`, () => describeQueries(open));
  describe(`${name}: transactions`, () => describeTransactions(open));
  describe(`${name}: insertRows`, () => describeInsertRows(open));
  describe(`${name}: closing`, () => describeClosing(open));
}

function describeQueries(open: OpenDatabase): void {
  it("creates, reads, updates and deletes", async () => {
    await using db = await open();
    const { id } = await db.main.insertInto("users").values(makeUser("ada")).returning("id").executeTakeFirstOrThrow();
    const updated = await db.main.updateTable("users").set({ name: "Ada" }).where("id", "=", id).executeTakeFirst();
    const user = await db.reader.selectFrom("users").selectAll().where("login", "=", "ada").executeTakeFirstOrThrow();
    const deleted = await db.main.deleteFrom("users").where("id", "=", id).executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(1n);
    expect(user).toEqual({ ...makeUser("ada"), id, name: "Ada" });
    expect(deleted.numDeletedRows).toBe(1n);
    expect(await db.main.selectFrom("users").selectAll().execute()).toEqual([]);
  });

  it("gives numbers for counts, sums and times", async () => {
    await using db = await open();
    await db.main
      .insertInto("users")
      .values([makeUser("a"), makeUser("b")])
      .execute();
    const row = await db.main
      .selectFrom("users")
      .select((users) => [users.fn.countAll<number>().as("count"), users.fn.sum<number>("create_date").as("sum")])
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ count: 2, sum: 3_400_000_000_000 });
  });

  it("never gives an id twice", async () => {
    await using db = await open();
    const insert = (login: string) =>
      db.main.insertInto("users").values(makeUser(login)).returning("id").executeTakeFirstOrThrow();
    const first = await insert("a");
    await db.main.deleteFrom("users").execute();
    expect((await insert("b")).id).toBeGreaterThan(first.id);
  });

  it("starts with one row of settings and the first version of the configuration", async () => {
    await using db = await open();
    const settings = await db.main.selectFrom("settings").select(["id", "webhook_log_duration"]).execute();
    expect(settings).toEqual([{ id: 1, webhook_log_duration: 30 }]);
    expect(await db.main.selectFrom("configuration_version").selectAll().execute()).toEqual([{ id: 1, version: 1 }]);
  });

  it("keeps all kinds of text", async () => {
    await using db = await open();
    const texts = ["", "Ω 漢字 🗼", "'; drop table users; --", "a\\b\\x00", "line\r\n\u2028end", "x".repeat(300_000)];
    await db.main
      .insertInto("users")
      .values(texts.map((text, index) => makeUser(`u${index}`, { name: text })))
      .execute();
    const rows = await db.main.selectFrom("users").select("name").orderBy("id").execute();
    expect(rows.map(({ name }) => name)).toEqual(texts);
  });

  it("loses no row to text that is no Unicode or holds U+0000", async () => {
    await using db = await open();
    const zero = db.dialect === "sqlite" ? "\0" : "\uFFFD";
    await db.main
      .insertInto("users")
      .values(makeUser("a", { name: "nul\0 half\uD800." }))
      .execute();
    await db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("c", { endpoint: "\0\uDC00" })]);
    expect(await db.main.selectFrom("users").select("name").execute()).toEqual([{ name: `nul${zero} half\uFFFD.` }]);
    expect(await db.main.selectFrom("webhook_logs").select("endpoint").execute()).toEqual([
      { endpoint: `${zero}\uFFFD` },
    ]);
  });

  it("keeps bytes exactly, empty ones and views of shared memory too", async () => {
    await using db = await open();
    const large = Uint8Array.from({ length: 1024 * 1024 }, (_, index) => index % 256);
    const bodies = { large, empty: new Uint8Array(), view: large.subarray(100, 103), none: null };
    for (const [id, body] of Object.entries(bodies)) {
      await db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow(id, { raw_body: body })]);
    }
    await db.main
      .insertInto("webhook_logs")
      .values(makeLog("pooled", { raw_body: Buffer.from("pooled") }))
      .execute();
    for (const [id, body] of Object.entries({ ...bodies, pooled: Buffer.from("pooled") })) {
      const row = await db.reader
        .selectFrom("webhook_logs")
        .select("raw_body")
        .where("id", "=", id)
        .executeTakeFirstOrThrow();
      if (body === null) expect(row.raw_body).toBeNull();
      else expect(Buffer.compare(row.raw_body ?? Buffer.from("missing"), body), id).toBe(0);
    }
  });

  it("says what clashed when a row exists already", async () => {
    await using db = await open();
    await insertWebhook(db, "one");
    const again = insertWebhook(db, "two");
    const violation = isUniqueViolation(await again.catch((error: unknown) => error));
    expect(violation).toMatchObject({ table: "webhooks", columns: ["endpoint", "method"] });
    const twice = db.main.insertInto("settings").values({ id: 1, webhook_log_duration: 1, write_date: 1 }).execute();
    expect(isUniqueViolation(await twice.catch((error: unknown) => error))).toMatchObject({ columns: ["id"] });
    expect(isUniqueViolation(new Error("something else"))).toBeNull();
  });

  it("refuses what points at nothing, and to delete what is pointed at", async () => {
    await using db = await open();
    await insertWebhook(db, "one");
    const nowhere = db.main.updateTable("webhooks").set({ user_id: 999 }).execute();
    const used = db.main.deleteFrom("webhook_authenticators").execute();
    for (const attempt of [nowhere, used]) {
      const error = await attempt.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(isForeignKeyViolation(error)).toBe(true);
      expect(isUniqueViolation(error)).toBeNull();
    }
  });

  it("deletes sessions and tokens together with their user", async () => {
    await using db = await open();
    const { id } = await db.main.insertInto("users").values(makeUser("a")).returning("id").executeTakeFirstOrThrow();
    await db.main
      .insertInto("sessions")
      .values({ token_hash: "s", user_id: id, create_date: 1, expires_date: 2 })
      .execute();
    await db.main
      .insertInto("api_tokens")
      .values({ token_hash: "t", user_id: id, name: "t", create_date: 1, last_used_date: null })
      .execute();
    await db.main.deleteFrom("users").execute();
    expect(await db.main.selectFrom("sessions").selectAll().execute()).toEqual([]);
    expect(await db.main.selectFrom("api_tokens").selectAll().execute()).toEqual([]);
  });

  it.each([
    ["a flag that is neither 0 nor 1", { active: 2 }],
    ["a group that does not exist", { group: "king" as "user" }],
    ["text where a number belongs", { create_date: "soon" as unknown as number }],
  ])("refuses %s", async (_, wrong) => {
    await using db = await open();
    await expect(db.main.insertInto("users").values(makeUser("a", wrong)).execute()).rejects.toThrow();
    expect(await db.main.selectFrom("users").selectAll().execute()).toEqual([]);
  });

  it("tells a wrong query from one that cannot be answered, and goes on", async () => {
    await using db = await open();
    await expect(sql`select a from nowhere`.execute(db.main)).rejects.toThrow(/nowhere/);
    expect(await db.ping(5000)).toBe(true);
  });
}

function describeTransactions(open: OpenDatabase): void {
  it("leaves nothing of a transaction that throws", async () => {
    await using db = await open();
    const work = db.main.transaction().execute(async (trx) => {
      await trx.insertInto("users").values(makeUser("a")).execute();
      throw new Error("changed my mind");
    });
    await expect(work).rejects.toThrow("changed my mind");
    expect(await db.main.selectFrom("users").selectAll().execute()).toEqual([]);
  });

  it("keeps the work of others out of a transaction", async () => {
    await using db = await open();
    const { promise: mayFail, resolve: fail } = Promise.withResolvers<void>();
    const transaction = db.main.transaction().execute(async (trx) => {
      await trx.insertInto("users").values(makeUser("inside")).execute();
      await mayFail;
      throw new Error("undo");
    });
    const others = [
      db.main.insertInto("users").values(makeUser("outside")).execute(),
      db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("outside")]),
    ];
    expect(await db.reader.selectFrom("users").selectAll().where("login", "=", "inside").execute()).toEqual([]);
    fail();
    await expect(transaction).rejects.toThrow("undo");
    await Promise.all(others);
    expect(await db.main.selectFrom("users").select("login").execute()).toEqual([{ login: "outside" }]);
    expect(await db.main.selectFrom("webhook_logs").select("id").execute()).toEqual([{ id: "outside" }]);
  });

  it("runs many transactions that are started together", async () => {
    await using db = await open();
    const count = () => db.changeConfiguration((trx) => trx.selectFrom("users").select("id").execute());
    await Promise.all(Array.from({ length: 25 }, count));
    expect(await db.main.selectFrom("configuration_version").select("version").execute()).toEqual([{ version: 26 }]);
  });

  it("reads while a transaction writes, and writes while a transaction reads", async () => {
    await using db = await open();
    await db.main.transaction().execute(async (trx) => {
      await trx.insertInto("users").values(makeUser("a")).execute();
      expect(await db.reader.selectFrom("users").selectAll().execute()).toEqual([]);
    });
    await db.reader.transaction().execute(async (trx) => {
      expect(await trx.selectFrom("users").select("login").execute()).toEqual([{ login: "a" }]);
      await db.main.insertInto("users").values(makeUser("b")).execute();
      await db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("c")]);
    });
    expect(await db.reader.selectFrom("users").selectAll().execute()).toHaveLength(2);
  });
}

function describeInsertRows(open: OpenDatabase): void {
  it("has committed when it resolves", async () => {
    await using db = await open();
    await db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("a"), makeLogRow("b")]);
    expect(await db.reader.selectFrom("webhook_logs").selectAll().orderBy("id").execute()).toMatchObject([
      { id: "a", duration_ms: 1.25, test: 0, replay_of: null },
      { id: "b" },
    ]);
  });

  it("takes no rows, 1,000 rows, and batches that are sent together", async () => {
    await using db = await open();
    const batch = (prefix: string, size: number) =>
      Array.from({ length: size }, (_, index) => makeLogRow(prefix + index));
    const sizes = [0, 1, 3, 64, 65, 1000];
    await Promise.all(sizes.map((size) => db.insertRows("webhook_logs", LOG_COLUMNS, batch(`${size}-`, size))));
    const { count } = await db.main
      .selectFrom("webhook_logs")
      .select((logs) => logs.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    expect(count).toBe(1133);
  });

  it.each([2, 200])("inserts none of %i rows when one of them is refused", async (size) => {
    await using db = await open();
    const rows = Array.from({ length: size }, (_, index) => makeLogRow(String(index)));
    await db.insertRows("webhook_logs", LOG_COLUMNS, rows.slice(-1));
    const error: unknown = await db.insertRows("webhook_logs", LOG_COLUMNS, rows).catch((thrown: unknown) => thrown);
    expect(isUniqueViolation(error)).toMatchObject({ table: "webhook_logs", columns: ["id"] });
    expect(await db.main.selectFrom("webhook_logs").select("id").execute()).toEqual([{ id: String(size - 1) }]);
    await db.insertRows("webhook_logs", LOG_COLUMNS, rows.slice(0, -1));
  });

  it("refuses a row with a value too few, and names that are none", async () => {
    await using db = await open();
    await expect(db.insertRows("users", ["login", "name"], [["a"]])).rejects.toThrow("1 values for 2 columns");
    await expect(db.insertRows("users", ['name") --'], [["a"]])).rejects.toThrow("not the name of");
  });

  it("sorts calls by the bytes of their ids", async () => {
    await using db = await open();
    const ids = ["B", "a", "0-z", "0_a", "01"];
    await db.insertRows(
      "webhook_logs",
      LOG_COLUMNS,
      ids.map((id) => makeLogRow(id)),
    );
    const rows = await db.reader.selectFrom("webhook_logs").select("id").orderBy("id").execute();
    expect(rows.map(({ id }) => id)).toEqual(ids.toSorted());
  });
}

function describeClosing(open: OpenDatabase): void {
  it("finishes what is under way before it closes, and refuses what comes later", async () => {
    await using db = await open();
    const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>();
    const transaction = db.main.transaction().execute(async (trx) => {
      await mayCommit;
      return trx.insertInto("users").values(makeUser("a")).returning("login").execute();
    });
    const rows = db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("a")]);
    const reads = Promise.all(Array.from({ length: 30 }, () => db.reader.selectFrom("users").selectAll().execute()));
    // Kysely takes a connection one turn after `execute`.
    await reads;
    const closing = db.close();
    commit();
    expect(await transaction).toEqual([{ login: "a" }]);
    await Promise.all([rows, closing]);
    await expect(db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("b")])).rejects.toThrow(/closed/);
    await expect(db.main.selectFrom("users").selectAll().execute()).rejects.toThrow();
    expect(await db.ping(1000)).toBe(false);
  });

  it("closes when nothing was ever asked, and twice", async () => {
    await using db = await open();
    await db.close();
    await db.close();
  });
}

async function insertWebhook(db: Database, reference: string): Promise<void> {
  const dates = { create_date: 1, write_date: 1, create_uid: null };
  const user = await db.main.insertInto("users").values(makeUser(reference)).returning("id").executeTakeFirstOrThrow();
  const authenticator = await db.main
    .insertInto("webhook_authenticators")
    .values({ ...dates, reference, name: "A", code: null, allowed_ip_addresses: null, trusted_proxy_ips: null })
    .returning("id")
    .executeTakeFirstOrThrow();
  await db.main
    .insertInto("webhooks")
    .values({
      ...dates,
      reference,
      name: "W",
      active: 1,
      authenticator_id: authenticator.id,
      endpoint: "push",
      method: "post",
      content_type: "json",
      user_id: user.id,
      code: null,
    })
    .execute();
}
