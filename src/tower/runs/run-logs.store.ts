import type { Insertable, Kysely, Updateable, UpdateResult } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { CommandLogsTable, PlanLogsTable } from "../../db/tower-schema.ts";

/** The logs of commands and plans. A row that is not running any more is never changed. */

type Log = "command_logs" | "plan_logs";

export type NewCommandLog = Insertable<CommandLogsTable>;
export type NewPlanLog = Insertable<PlanLogsTable>;

/** @throws what the database says of a second exclusive run: see `isUniqueViolation` */
export async function insertCommandLog(db: Kysely<Tables>, row: NewCommandLog): Promise<number> {
  return (await db.insertInto("command_logs").values(row).returning("id").executeTakeFirstOrThrow()).id;
}

/** @throws as `insertCommandLog` */
export async function insertPlanLog(db: Kysely<Tables>, row: NewPlanLog): Promise<number> {
  return (await db.insertInto("plan_logs").values(row).returning("id").executeTakeFirstOrThrow()).id;
}

export async function isCommandRunning(db: Kysely<Tables>, serverId: number, commandId: number): Promise<boolean> {
  const row = await db
    .selectFrom("command_logs")
    .select("id")
    .where("server_id", "=", serverId)
    .where("command_id", "=", commandId)
    .where("is_running", "=", 1)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function isPlanRunning(db: Kysely<Tables>, serverId: number, planId: number): Promise<boolean> {
  const row = await db
    .selectFrom("plan_logs")
    .select("id")
    .where("server_id", "=", serverId)
    .where("plan_id", "=", planId)
    .where("is_running", "=", 1)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Writes to a command log while it runs. @returns whether it does */
export async function updateRunningCommand(
  db: Kysely<Tables>,
  id: number,
  values: Updateable<CommandLogsTable>,
): Promise<boolean> {
  const result = await db
    .updateTable("command_logs")
    .set(values)
    .where("id", "=", id)
    .where("is_running", "=", 1)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Writes to a plan log while it runs. @returns whether it does */
export async function updateRunningPlan(
  db: Kysely<Tables>,
  id: number,
  values: Updateable<PlanLogsTable>,
): Promise<boolean> {
  const result = await db
    .updateTable("plan_logs")
    .set(values)
    .where("id", "=", id)
    .where("is_running", "=", 1)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** What the log of every run that has ended says. */
const ENDED = { is_running: 0, is_exclusive: 0 } as const;

/** The last words of a command log. @returns whether it was running: else nothing is changed */
export function endCommandLog(
  db: Kysely<Tables>,
  id: number,
  now: number,
  values: Pick<
    Updateable<CommandLogsTable>,
    "command_status" | "command_response" | "command_error" | "variable_values"
  >,
): Promise<boolean> {
  return updateRunning(
    db
      .updateTable("command_logs")
      .set({ ...ENDED, ...values, finish_date: now, write_date: now })
      .set((eb) => ({ duration_ms: eb(eb.val(now), "-", eb.ref("start_date")) }))
      .where("id", "=", id)
      .where("is_running", "=", 1),
  );
}

/** The last words of a plan log. @returns whether it was running: else nothing is changed */
export function endPlanLog(
  db: Kysely<Tables>,
  id: number,
  now: number,
  values: Pick<Updateable<PlanLogsTable>, "plan_status" | "is_stopped" | "custom_message" | "variable_values">,
): Promise<boolean> {
  return updateRunning(
    db
      .updateTable("plan_logs")
      .set({ ...ENDED, ...values, finish_date: now, write_date: now })
      .set((eb) => ({ duration_ms: eb(eb.val(now), "-", eb.ref("start_date")) }))
      .where("id", "=", id)
      .where("is_running", "=", 1),
  );
}

async function updateRunning(query: { executeTakeFirst(): Promise<UpdateResult> }): Promise<boolean> {
  return (await query.executeTakeFirst()).numUpdatedRows > 0n;
}

export async function isRunning(db: Kysely<Tables>, table: Log, id: number): Promise<boolean> {
  const row = await db.selectFrom(table).select("is_running").where("id", "=", id).executeTakeFirst();
  return row?.is_running === 1;
}

export async function readPlanLog(db: Kysely<Tables>, id: number) {
  return (await db.selectFrom("plan_logs").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

export type PlanLogRow = NonNullable<Awaited<ReturnType<typeof readPlanLog>>>;

/** Values that a line's actions set after its command ended. */
export async function writeCommandValues(db: Kysely<Tables>, id: number, values: string): Promise<void> {
  await db.updateTable("command_logs").set({ variable_values: values }).where("id", "=", id).execute();
}

/** The command logs of a plan run that are running. */
export async function findRunningCommands(db: Kysely<Tables>, planLogId: number): Promise<number[]> {
  const rows = await db
    .selectFrom("command_logs")
    .select("id")
    .where("plan_log_id", "=", planLogId)
    .where("is_running", "=", 1)
    .execute();
  return rows.map(({ id }) => id);
}

/** The plan runs that a command started and that are running. */
export async function findRunningPlansOf(db: Kysely<Tables>, commandLogId: number): Promise<number[]> {
  const rows = await db
    .selectFrom("plan_logs")
    .select("id")
    .where("parent_command_log_id", "=", commandLogId)
    .where("is_running", "=", 1)
    .execute();
  return rows.map(({ id }) => id);
}

/** How the command of a line ended in this plan run; null: it did not begin. */
export async function findLineEnd(db: Kysely<Tables>, planLogId: number, lineId: number) {
  const row = await db
    .selectFrom("command_logs")
    .select(["id", "is_running", "is_skipped", "command_status", "variable_values"])
    .where("plan_log_id", "=", planLogId)
    .where("plan_line_id", "=", lineId)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}
