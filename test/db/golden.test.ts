import { readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { dumpSchema } from "../../src/db/dump-schema.ts";
import { describeEachDatabase } from "../support/databases.ts";

describeEachDatabase(({ dialect, openFreshDatabase }) => {
  // After a change of migrations: UPDATE_GOLDEN=1 vitest run test/db/golden.test.ts, and read the difference.
  it("gives a fresh database the schema of the golden file", async () => {
    const file = new URL(`../../src/db/golden/${dialect}.sql`, import.meta.url);
    await using db = await openFreshDatabase();
    const dump = await dumpSchema(db);
    if (process.env["UPDATE_GOLDEN"]) await writeFile(file, dump);
    expect(dump).toBe(await readFile(file, "utf8"));
  });
});
