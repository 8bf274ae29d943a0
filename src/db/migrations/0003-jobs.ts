import { sql, type ColumnDefinitionBuilder, type Kysely } from "kysely";
import type { Tables } from "../schema.ts";
import { getColumnTypes, type Dialect } from "./columns.ts";

const required = (column: ColumnDefinitionBuilder) => column.notNull();

/** Work that is done later, or that another process goes on with. */
export async function up(db: Kysely<Tables>, dialect: Dialect): Promise<void> {
  const { bigInteger, counting, finish } = getColumnTypes(dialect);
  await finish(
    db.schema
      .createTable("jobs")
      .addColumn("id", "integer", counting)
      .addColumn("kind", "text", required)
      .addColumn("payload", "text", required)
      .addColumn("key", "text")
      .addColumn("create_date", bigInteger, required)
      .addColumn("run_date", bigInteger, required)
      .addColumn("attempts", "integer", required)
      .addColumn("owner", "text")
      .addColumn("lease_end", bigInteger)
      .addColumn("error", "text")
      .addColumn("failed_date", bigInteger),
  ).execute();
  await db.schema
    .createIndex("jobs_kind_key")
    .on("jobs")
    .columns(["kind", "key"])
    .unique()
    .where(sql.ref("failed_date"), "is", null)
    .execute();
  // Jobs that were given up stay; looking for the next one does not pass by them.
  await db.schema
    .createIndex("jobs_run_date")
    .on("jobs")
    .column("run_date")
    .where(sql.ref("failed_date"), "is", null)
    .execute();
  await db.schema
    .createIndex("jobs_owner")
    .on("jobs")
    .column("owner")
    .where(sql.ref("owner"), "is not", null)
    .execute();
}
