import type { Kysely, Updateable } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { FilesTable } from "../../db/tower-schema.ts";

export async function readFileRow(db: Kysely<Tables>, id: number) {
  return (await db.selectFrom("files").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

export type FileRow = NonNullable<Awaited<ReturnType<typeof readFileRow>>>;

export async function readFileTemplate(db: Kysely<Tables>, id: number) {
  return (await db.selectFrom("file_templates").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

export type FileTemplateRow = NonNullable<Awaited<ReturnType<typeof readFileTemplate>>>;

/** Where the files of a server are, before rendering. */
export async function findFilesOf(db: Kysely<Tables>, serverId: number, source: FilesTable["source"]) {
  return db
    .selectFrom("files")
    .select(["id", "name", "server_dir"])
    .where("server_id", "=", serverId)
    .where("source", "=", source)
    .where("active", "=", 1)
    .orderBy("id")
    .execute();
}

/**
 * Waits until no other transaction makes a file for the server: two commands at once would make two records
 * of one file, and no index knows where files end up once they are rendered.
 */
export async function lockServer(db: Kysely<Tables>, serverId: number): Promise<void> {
  await db
    .updateTable("servers")
    .set((set) => ({ write_date: set.ref("write_date") }))
    .where("id", "=", serverId)
    .execute();
}

export async function updateFile(db: Kysely<Tables>, id: number, values: Updateable<FilesTable>): Promise<void> {
  await db.updateTable("files").set(values).where("id", "=", id).execute();
}
