import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";

export async function readShortcut(db: Kysely<Tables>, id: number) {
  return (await db.selectFrom("shortcuts").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

export async function isShortcutOf(db: Kysely<Tables>, shortcutId: number, serverId: number): Promise<boolean> {
  const row = await db
    .selectFrom("server_shortcuts")
    .select("server_id")
    .where("shortcut_id", "=", shortcutId)
    .where("server_id", "=", serverId)
    .executeTakeFirst();
  return row !== undefined;
}
