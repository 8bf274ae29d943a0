import { sql } from "kysely";
import { expect, it } from "vitest";
import { makeWritesAgain, noteWrites, WritesFailed, type WriteStatement } from "../../src/db/statements.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { makeUser } from "./rows.ts";

/** What an attacker would write to get out of a text, and what a text may hold. */
const NASTY = ["it's", "\\", "\\'; drop table users; --", "$1", "$$", "E'\\x41'", "é 🗼", "a\nb", "?", "''"];

describeEachDatabase(({ openFreshDatabase }) => {
  it("makes writes again exactly as they were, after they were taken back", async () => {
    await using db = await openFreshDatabase();
    let writes: readonly WriteStatement[] = [];
    const undone = db.main.transaction().execute(async (connection) => {
      const noted = noteWrites(connection);
      writes = noted.writes;
      for (const [index, name] of NASTY.entries())
        await noted.trx
          .insertInto("users")
          .values({ ...makeUser(`u${index}`), name })
          .execute();
      await noted.trx.updateTable("users").set({ email: null, create_date: 7 }).where("login", "=", "u1").execute();
      await noted.trx.deleteFrom("users").where("login", "=", "u0").execute();
      expect(await noted.trx.selectFrom("users").select("login").execute()).toHaveLength(NASTY.length - 1);
      throw new Error("taken back");
    });
    await expect(undone).rejects.toThrow("taken back");
    expect(writes).toHaveLength(NASTY.length + 2);
    expect(await db.main.selectFrom("users").select("login").execute()).toEqual([]);

    await db.main.transaction().execute((trx) => makeWritesAgain(trx, writes));
    const rows = await db.main.selectFrom("users").select(["name", "email", "create_date"]).orderBy("id").execute();
    expect(rows.map(({ name }) => name)).toEqual(NASTY.slice(1));
    expect(rows[0]).toMatchObject({ email: null, create_date: 7 });
  });

  it("writes bytes and numbers again", async () => {
    await using db = await openFreshDatabase();
    await sql`create table things (id integer, bytes ${sql.raw(db.dialect === "sqlite" ? "blob" : "bytea")}, share double precision)`.execute(
      db.main,
    );
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const insert: WriteStatement = {
      sql: db.dialect === "sqlite" ? "insert into things values (?, ?, ?)" : "insert into things values ($1, $2, $3)",
      parameters: [-5, bytes, 0.25],
    };
    await db.main.transaction().execute((trx) => makeWritesAgain(trx, [insert, insert]));
    const { rows } = await sql<{ id: number; bytes: Uint8Array; share: number }>`select * from things`.execute(db.main);
    expect(rows.map((row) => ({ ...row, bytes: [...row.bytes] }))).toEqual(
      Array.from({ length: 2 }, () => ({ id: -5, bytes: [...bytes], share: 0.25 })),
    );
  });

  it("says that a write fits no more, and keeps none of them", async () => {
    await using db = await openFreshDatabase();
    let writes: readonly WriteStatement[] = [];
    await db.main.transaction().execute(async (connection) => {
      const noted = noteWrites(connection);
      writes = noted.writes;
      await noted.trx.insertInto("users").values(makeUser("twice")).execute();
    });
    const [write] = writes;
    if (!write) throw new Error("nothing was noted");
    const again = db.main.transaction().execute((trx) => makeWritesAgain(trx, [write]));
    await expect(again).rejects.toBeInstanceOf(WritesFailed);
    expect(await db.main.selectFrom("users").select("login").execute()).toEqual([{ login: "twice" }]);
  });
});
