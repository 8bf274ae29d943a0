import type { Kysely } from "kysely";
import type { Tables } from "../db/schema.ts";

/** Removes up to `limit` of the oldest calls that arrived before a time. @returns how many */
export async function deleteCallsBefore(db: Kysely<Tables>, time: number, limit: number): Promise<number> {
  const oldest = db
    .selectFrom("webhook_logs")
    .select("id")
    .where("id", "<", firstIdAt(time))
    .orderBy("id")
    .limit(limit);
  const result = await db.deleteFrom("webhook_logs").where("id", "in", oldest).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Removes up to `limit` calls of one webhook. @returns how many */
export async function deleteCallsOf(db: Kysely<Tables>, webhookId: number, limit: number): Promise<number> {
  const some = db.selectFrom("webhook_logs").select("id").where("webhook_id", "=", webhookId).limit(limit);
  const result = await db.deleteFrom("webhook_logs").where("id", "in", some).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Webhooks that have calls and are no more: one step along the index per webhook, not per call. */
export async function findDeletedWebhooks(db: Kysely<Tables>): Promise<number[]> {
  const deleted: number[] = [];
  for (let last = 0; ;) {
    const next = await db
      .selectFrom("webhook_logs")
      .select((of) => of.fn.min("webhook_id").as("id"))
      .where("webhook_id", ">", last)
      .executeTakeFirst();
    if (next === undefined || next.id === null) return deleted;
    last = next.id;
    const webhook = await db.selectFrom("webhooks").select("id").where("id", "=", last).executeTakeFirst();
    if (!webhook) deleted.push(last);
  }
}

/** The smallest UUIDv7 of a time: ids of calls sort by when they arrived. */
export function firstIdAt(time: number): string {
  const hex = Math.max(0, Math.floor(time)).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-0000-0000-000000000000`;
}
