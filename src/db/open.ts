import type { Logger } from "../lib/logger.ts";
import type { Database } from "./database.ts";
import { MIGRATIONS, type Migration } from "./migrations/list.ts";

export interface OpenDatabaseOptions {
  /** `postgres://…`; undefined: SQLite in `dataDir`. */
  readonly url: string | undefined;
  readonly dataDir: string;
  readonly logger: Logger;
  /** What PostgreSQL's `pg_stat_activity` shows; `hooktower` if absent. */
  readonly applicationName?: string;
}

/**
 * Opens the database and runs the migrations that it lacks.
 *
 * @param migrations for tests of the migrations themselves
 * @throws HooktowerError `unavailable`, with one line for people, when the database cannot be reached
 *   or written, or when its schema is newer than this program
 */
export async function openDatabase(
  { url, dataDir, logger, applicationName = "hooktower" }: OpenDatabaseOptions,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Database> {
  // Loaded when chosen: pg takes 60 ms to load, and a SQLite installation never needs it.
  if (url === undefined) {
    const { openSqlite } = await import("./sqlite/open-sqlite.ts");
    return openSqlite({ dataDir, logger, migrations });
  }
  const { openPostgres } = await import("./postgres/open-postgres.ts");
  return openPostgres({ url, logger, applicationName, migrations });
}
