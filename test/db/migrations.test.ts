import { readdir } from "node:fs/promises";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { MIGRATIONS, type Migration } from "../../src/db/migrations/list.ts";
import { openDatabase } from "../../src/db/open.ts";
import { silentLogger as logger } from "../../src/lib/logger.ts";
import { describeEachDatabase } from "../support/databases.ts";

describe("the list of migrations", () => {
  it("names each file of the folder, in order", async () => {
    const files = await readdir(new URL("../../src/db/migrations/", import.meta.url));
    const names = files.filter((file) => /^\d{4}-/.test(file)).map((file) => file.replace(/\.ts$/, ""));
    expect(MIGRATIONS.map(({ name }) => name)).toEqual(names.toSorted());
  });
});

describeEachDatabase(({ createLocation }) => {
  const more: Migration = {
    name: "9999-more",
    up: (db) => db.schema.createTable("more").addColumn("id", "integer").execute(),
  };

  it("runs only what the database lacks", async () => {
    await using location = await createLocation();
    await (await openDatabase({ ...location, logger })).close();
    await (await openDatabase({ ...location, logger })).close();
    const db = await openDatabase({ ...location, logger }, [...MIGRATIONS, more]);
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db.main);
    expect(rows.map(({ name }) => name)).toEqual([...MIGRATIONS.map(({ name }) => name), "9999-more"]);
    await db.close();
  });

  it("leaves nothing of migrations when one of them throws, and says which", async () => {
    await using location = await createLocation();
    const broken: Migration = {
      name: "9999-broken",
      async up(db) {
        await more.up(db, "sqlite");
        await sql`insert into nowhere values (1)`.execute(db);
      },
    };
    await expect(openDatabase({ ...location, logger }, [...MIGRATIONS, broken])).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/9999-broken.*nowhere/) as string,
    });
    // Had anything stayed, these would find their tables there already.
    const db = await openDatabase({ ...location, logger }, [...MIGRATIONS, more]);
    expect(await db.main.selectFrom("settings").select("id").execute()).toEqual([{ id: 1 }]);
    await db.close();
  });

  it("refuses a database that a newer version has made", async () => {
    await using location = await createLocation();
    await (await openDatabase({ ...location, logger }, [...MIGRATIONS, more])).close();
    await expect(openDatabase({ ...location, logger })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/newer version.*9999-more/) as string,
    });
  });
});
