import { sql, type Kysely } from "kysely";
import { DEFAULT_MIGRATION_TABLE, Migrator } from "kysely/migration";
import { coerceError, HooktowerError } from "../../lib/errors.ts";
import type { Tables } from "../schema.ts";
import type { Dialect } from "./columns.ts";
import type { Migration } from "./list.ts";

/**
 * Brings the schema to the last migration of the list, in one transaction: all of it or nothing.
 * Processes that start together wait for each other (PostgreSQL: an advisory lock; SQLite: the write lock).
 *
 * @throws HooktowerError `unavailable` when the schema is newer than the list, or when a migration fails
 */
export async function migrateToLatest(
  db: Kysely<Tables>,
  dialect: Dialect,
  migrations: readonly Migration[],
): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: () =>
        Promise.resolve(
          Object.fromEntries(
            migrations.map(({ name, up }) => [name, { up: (trx: Kysely<Tables>) => up(trx, dialect) }]),
          ),
        ),
    },
  });
  // It never throws: what went wrong is a value.
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const unknown = await findUnknownMigrations(db, migrations);
  if (unknown.length > 0) {
    throw new HooktowerError(
      "unavailable",
      `The database was made by a newer version of Hooktower (it has ${unknown.join(", ")}); start that version`,
      { cause: error },
    );
  }
  const failed = results?.find(({ status }) => status === "Error")?.migrationName;
  throw new HooktowerError(
    "unavailable",
    `The database's schema cannot be brought up to date${failed ? ` (${failed})` : ""}: ${coerceError(error).message}`,
    { cause: error },
  );
}

/** Migrations that the database has had and this program does not know. */
async function findUnknownMigrations(db: Kysely<Tables>, migrations: readonly Migration[]): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return [];
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(db);
  const known = new Set(migrations.map(({ name }) => name));
  return rows.map(({ name }) => name).filter((name) => !known.has(name));
}
