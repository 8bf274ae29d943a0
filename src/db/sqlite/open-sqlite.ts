import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { Kysely } from "kysely";
import { coerceError, HooktowerError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { createActivity } from "../activity.ts";
import { createConfiguration } from "../configuration.ts";
import type { Database } from "../database.ts";
import { checkRows, makeInsertHead, rememberByColumns } from "../insert-statement.ts";
import type { Migration } from "../migrations/list.ts";
import { migrateToLatest } from "../migrations/migrate.ts";
import { pingAll } from "../ping.ts";
import type { Tables } from "../schema.ts";
import { createTurns } from "../turns.ts";
import { createThreadDialect, type ThreadDialectOptions } from "./dialect.ts";
import { openSqliteOwner } from "./owner.ts";
import { createPollingWatch } from "./polling-watch.ts";
import { startSqliteThread } from "./thread-client.ts";

const SQLITE_FILE = "hooktower.sqlite";

export interface SqliteOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  readonly migrations: readonly Migration[];
}

/** Opens `<dataDir>/hooktower.sqlite`, which is made if it is not there. Errors as in `openDatabase`. */
export async function openSqlite({ dataDir, logger, migrations }: SqliteOptions): Promise<Database> {
  const path = createDatabaseFile(dataDir);
  // Undone from last to first, on failure here and in `close`: first nobody is told of changes any more,
  // then the reader goes, then the writer, which writes the WAL back; a reader may not do that.
  await using opened = new AsyncDisposableStack();

  const writer = await openConnection(path, "write", logger);
  opened.defer(writer.close);
  const main = writer.kysely;
  await migrateToLatest(main, "sqlite", migrations);

  const readConnection = await openConnection(path, "read", logger);
  opened.defer(readConnection.close);
  const reader = readConnection.kysely;

  const configuration = await createConfiguration({
    main,
    watch: createPollingWatch(main, logger),
    announce: () => Promise.resolve(),
    logger,
  });
  opened.defer(() => configuration.stop());

  let owner: ReturnType<typeof openSqliteOwner> | null = null;
  opened.defer(() => owner?.close());

  const resources = opened.move();
  return {
    dialect: "sqlite",
    main,
    reader,
    insertRows: createInsertRows(writer.options),
    changeConfiguration: configuration.changeConfiguration,
    onConfigurationChange: configuration.onConfigurationChange,
    // Made when asked for: commands that do no jobs leave no file.
    getOwner: () => (owner ??= openSqliteOwner(dataDir)),
    ping: (timeoutMs) => pingAll([main, reader], timeoutMs),
    close: () => resources.disposeAsync(),
  };
}

async function openConnection(path: string, access: "read" | "write", logger: Logger) {
  const options: ThreadDialectOptions = {
    thread: await startSqliteThread({ path, access }, logger),
    turns: createTurns(),
    activity: createActivity(),
    begin: access === "write" ? "begin immediate" : "begin",
  };
  const kysely = new Kysely<Tables>({ dialect: createThreadDialect(options) });

  async function close(): Promise<void> {
    await kysely.destroy();
    // Not left to Kysely: it skips a driver that was never used.
    await options.activity.finish();
    await options.thread.close();
  }

  return { kysely, options, close };
}

function createInsertRows({ thread, turns, activity }: ThreadDialectOptions): Database["insertRows"] {
  const makeInsert = rememberByColumns(
    (table, columns) => `${makeInsertHead(table, columns)}(${columns.map(() => "?").join(", ")})`,
  );
  return async (table, columns, rows) => {
    checkRows(columns, rows);
    activity.begin();
    try {
      await turns.run(() => thread.insert(makeInsert(table, columns), rows));
    } finally {
      activity.end();
    }
  };
}

/** Directory and file for their owner alone: the file holds what senders sent. SQLite gives its `-wal` and `-shm` the same mode. */
function createDatabaseFile(dataDir: string): string {
  const path = join(dataDir, SQLITE_FILE);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw new HooktowerError("unavailable", `${path} cannot be written: ${coerceError(error).message}`, {
      cause: error,
    });
  }
  return path;
}
