import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";

export async function setServerStatus(db: Kysely<Tables>, id: number, status: string, now: number): Promise<void> {
  await db.updateTable("servers").set({ status, write_date: now }).where("id", "=", id).execute();
}

export async function setServerTemplate(db: Kysely<Tables>, id: number, templateId: number): Promise<void> {
  await db.updateTable("servers").set({ server_template_id: templateId }).where("id", "=", id).execute();
}

/** What its record does not tell; the password is encrypted. */
export async function readServerTemplate(db: Kysely<Tables>, id: number) {
  return db
    .selectFrom("server_templates")
    .select(["ssh_password", "flight_plan_id"])
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
}
