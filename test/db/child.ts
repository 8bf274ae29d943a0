import { openDatabase } from "../../src/db/open.ts";
import { MIGRATIONS, type Migration } from "../../src/db/migrations/list.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { LOG_COLUMNS, makeLogRow, makeUser } from "./rows.ts";

/**
 * Another process on the same database, for tests: `child.ts <mode> <location as JSON>`. It prints a line for
 * each thing that happened; see `startChild`.
 */
const [mode = "", locationText = ""] = process.argv.slice(2);
const location = JSON.parse(locationText) as { url?: string; dataDir: string };
const options = { url: location.url, dataDir: location.dataDir, logger: createLogger("warn") };

const say = (line: string) => process.stdout.write(`${line}\n`);

const MODES: Record<string, () => Promise<void>> = {
  /** Opens, counts the calls, closes. */
  async open() {
    const db = await openDatabase(options);
    const logs = await db.main.selectFrom("webhook_logs").select("id").execute();
    say(`calls ${logs.map(({ id }) => id).join(" ")}`);
    await db.close();
  },

  /** Inserts batches for ever and says the ids of each one after it was inserted. */
  async insert() {
    const db = await openDatabase(options);
    for (let batch = 0; ; batch++) {
      const ids = Array.from({ length: 5 }, (_, index) => `${process.pid}-${batch}-${index}`);
      await db.insertRows(
        "webhook_logs",
        LOG_COLUMNS,
        ids.map((id) => makeLogRow(id)),
      );
      say(`inserted ${ids.join(" ")}`);
    }
  },

  /** Changes the configuration once. */
  async change() {
    const db = await openDatabase(options);
    await db.changeConfiguration((trx) => trx.insertInto("users").values(makeUser("from-child")).execute());
    await db.close();
  },

  /** Holds a transaction open for 300 ms; what it wrote is committed. */
  async hold() {
    const db = await openDatabase(options);
    await db.main.transaction().execute(async (trx) => {
      await trx.insertInto("users").values(makeUser("held")).execute();
      say("holding");
      await new Promise((resolve) => setTimeout(resolve, 300));
    });
    await db.close();
  },

  /** Stops in the middle of a migration and waits to be killed. */
  async stuckMigration() {
    const stuck: Migration = {
      name: "0002-stuck",
      async up(db) {
        await db.schema.createTable("half").addColumn("id", "integer").execute();
        say("half way");
        await new Promise(() => setInterval(() => undefined, 1000));
      },
    };
    await openDatabase(options, [...MIGRATIONS, stuck]);
  },
};

await MODES[mode]?.();
