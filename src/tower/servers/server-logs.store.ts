import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";

export async function readServerLog(db: Kysely<Tables>, id: number) {
  return (await db.selectFrom("server_logs").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

export async function writeLogText(db: Kysely<Tables>, id: number, text: string, now: number): Promise<void> {
  await db.updateTable("server_logs").set({ log_text: text, write_date: now }).where("id", "=", id).execute();
}
