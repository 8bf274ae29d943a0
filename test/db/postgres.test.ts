import { sql, type Kysely } from "kysely";
import { expect, it, vi } from "vitest";
import { openDatabase } from "../../src/db/open.ts";
import type { Tables } from "../../src/db/schema.ts";
import { createLogger, silentLogger, type Logger } from "../../src/lib/logger.ts";
import { describePostgres } from "../support/databases.ts";
import { LOG_COLUMNS, makeLogRow, makeUser } from "./rows.ts";

describePostgres(({ openFreshDatabase, createLocation }) => {
  const killConnections = sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;

  function createListeningLogger() {
    const warnings: string[] = [];
    const warn = (_: unknown, message: string) => void warnings.push(message);
    return { warnings, logger: Object.assign(createLogger("silent"), { warn }) as Logger };
  }

  it("outlives the loss of its idle connections", async () => {
    const { warnings, logger } = createListeningLogger();
    await using db = await openFreshDatabase(logger);
    await db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("a")]);
    await db.reader.selectFrom("users").selectAll().execute();
    await killConnections.execute(db.main);
    await vi.waitFor(() => expect(warnings).toContain("An idle PostgreSQL connection was lost"));
    await vi.waitFor(async () => expect(await db.ping(1000)).toBe(true));
    await db.insertRows("webhook_logs", LOG_COLUMNS, [makeLogRow("b")]);
  });

  it("outlives the loss of a connection in use, and undoes its transaction", async () => {
    await using db = await openFreshDatabase();
    const work = db.main.transaction().execute(async (trx) => {
      await trx.insertInto("users").values(makeUser("a")).execute();
      await killConnections.execute(db.reader);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await trx.insertInto("users").values(makeUser("b")).execute();
    });
    await expect(work).rejects.toThrow();
    expect(await db.ping(1000)).toBe(true);
    expect(await db.main.selectFrom("users").selectAll().execute()).toEqual([]);
  });

  it("hears of a change that was made while its listening connection was lost", async () => {
    const { warnings, logger } = createListeningLogger();
    await using db = await openFreshDatabase(logger);
    let calls = 0;
    const { promise: first, resolve: wasCalled } = Promise.withResolvers<void>();
    db.onConfigurationChange(async () => {
      calls += 1;
      wasCalled();
    });
    await sql`update configuration_version set version = version + 1`.execute(db.main);
    await sql`select pg_notify('hooktower_configuration', '2')`.execute(db.main);
    await first;
    // Counted up without a word, in the time in which nobody listens.
    await killConnections.execute(db.main);
    await sql`update configuration_version set version = version + 1`.execute(db.main);
    await vi.waitFor(() => expect(calls).toBe(2), { timeout: 3000 });
    expect(warnings).toContain("Not hearing of configuration changes; connecting again");
  });

  it("commits durably even where the server's default is not to", async () => {
    await using db = await openFreshDatabase();
    await sql`alter database ${sql.ref(await readDatabaseName(db.main))} set synchronous_commit = off`.execute(db.main);
    await sql`select pg_terminate_backend(pg_backend_pid())`.execute(db.main).catch(() => undefined);
    await vi.waitFor(async () => expect(await db.ping(1000)).toBe(true));
    const { rows } = await sql<{ value: string }>`select current_setting('synchronous_commit') as value`.execute(
      db.main,
    );
    expect(rows).toEqual([{ value: "on" }]);
  });

  it("gives up a search that takes too long", async () => {
    await using db = await openFreshDatabase();
    const { rows } = await sql<{ value: string }>`select current_setting('statement_timeout') as value`.execute(
      db.reader,
    );
    expect(rows).toEqual([{ value: "15s" }]);
  });

  it("says in one line that the server cannot be reached, without the password", async () => {
    const opening = openDatabase({
      url: "postgres://tower:s3cret@127.0.0.1:1/hooks",
      dataDir: "",
      logger: silentLogger,
    });
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "unavailable",
      message: "PostgreSQL at 127.0.0.1:1/hooks cannot be reached: connect ECONNREFUSED 127.0.0.1:1",
    });
  });

  it("shows its name to the server", async () => {
    await using location = await createLocation();
    const db = await openDatabase({ ...location, logger: silentLogger, applicationName: "tower two" });
    const { rows } = await sql<{ name: string }>`select current_setting('application_name') as name`.execute(db.main);
    expect(rows).toEqual([{ name: "tower two" }]);
    await db.close();
  });

  async function readDatabaseName(db: Kysely<Tables>): Promise<string> {
    const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(db);
    return rows[0]?.name ?? "";
  }
});
