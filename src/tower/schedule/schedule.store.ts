import { sql, type Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";

/** What the scheduler reads and writes of scheduled tasks. */

type Db = Kysely<Tables>;

const PLANNED_BY = ["interval_type", "interval_number", "cron_expression", "time_zone"] as const;
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** Active tasks that may be due, or whose cron expression was changed since they were planned. */
export async function findPlannable(db: Db, now: number) {
  return db
    .selectFrom("scheduled_tasks")
    .select(["id", "name", "write_date", "next_call", "cron_planned", ...PLANNED_BY, ...DAYS])
    .where("active", "=", 1)
    .where(({ or, eb }) =>
      or([eb("next_call", "is", null), eb("next_call", "<=", now), eb("interval_type", "=", "cron")]),
    )
    .orderBy("next_call")
    .orderBy("id")
    .execute();
}

export type PlannableTask = Awaited<ReturnType<typeof findPlannable>>[number];

/**
 * Writes when a task runs next, unless somebody else has written it or changed the task meanwhile: of many
 * processes that find a task due, one succeeds.
 *
 * @param run it is due: `last_call` is now, and the last problem is forgotten
 * @returns whether it was written
 */
export async function planTask(
  db: Db,
  task: PlannableTask,
  plan: { readonly nextCall: number | null; readonly cronPlanned: string | null; readonly run: number | null },
): Promise<boolean> {
  const result = await db
    .updateTable("scheduled_tasks")
    .set({
      next_call: plan.nextCall,
      cron_planned: plan.cronPlanned,
      ...(plan.run !== null && { last_call: plan.run, warning_message: null }),
    })
    .where("id", "=", task.id)
    .where("active", "=", 1)
    .where("write_date", "=", task.write_date)
    .where("next_call", "is not distinct from", task.next_call)
    .where("cron_planned", "is not distinct from", task.cron_planned)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** The active servers that a task runs on. */
export async function findServersOf(db: Db, taskId: number): Promise<number[]> {
  const rows = await db
    .selectFrom("server_scheduled_tasks")
    .innerJoin("servers", "servers.id", "server_id")
    .select("servers.id as id")
    .where("scheduled_task_id", "=", taskId)
    .where("servers.active", "=", 1)
    .orderBy("servers.id")
    .execute();
  return rows.map(({ id }) => id);
}

/** What runs, and as whom; null for a task that is gone. */
export async function readTask(db: Db, taskId: number) {
  const row = await db
    .selectFrom("scheduled_tasks")
    .select(["id", "name", "action", "command_id", "plan_id", "variable_values", "create_uid"])
    .where("id", "=", taskId)
    .executeTakeFirst();
  return row ?? null;
}

export async function findServerName(db: Db, serverId: number): Promise<string> {
  const row = await db.selectFrom("servers").select("name").where("id", "=", serverId).executeTakeFirst();
  return row?.name ?? `server ${serverId}`;
}

/** Adds a line to the task's last problem, which the next run clears. */
export async function addProblem(db: Db, taskId: number, text: string): Promise<void> {
  await db
    .updateTable("scheduled_tasks")
    .set({ warning_message: sql<string>`coalesce(warning_message || ${"\n"}, '') || ${text}` })
    .where("id", "=", taskId)
    .execute();
}
