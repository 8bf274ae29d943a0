import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { CodeUser } from "../../guest/guest.ts";

/** What a run reads of records. The rights of its user are asked for where it begins, not here. */

export async function readServer(db: Kysely<Tables>, id: number) {
  const row = await db
    .selectFrom("servers")
    .leftJoin("keys as key", "key.id", "servers.ssh_key_id")
    .leftJoin("os", "os.id", "servers.os_id")
    .selectAll("servers")
    .select(["key.secret_value as private_key", "key.passphrase as passphrase", "os.name as os_name"])
    .where("servers.id", "=", id)
    .executeTakeFirst();
  return row ?? null;
}

/** A server with the key that opens it; secrets are encrypted. */
export type ServerRow = NonNullable<Awaited<ReturnType<typeof readServer>>>;

export async function readCommand(db: Kysely<Tables>, id: number) {
  return (await db.selectFrom("commands").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

export type CommandRow = NonNullable<Awaited<ReturnType<typeof readCommand>>>;

export async function readPlan(db: Kysely<Tables>, id: number) {
  return (await db.selectFrom("plans").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

export type PlanRow = NonNullable<Awaited<ReturnType<typeof readPlan>>>;

/** The lines of a plan in their order, each with the name of its command. */
export async function readPlanLines(db: Kysely<Tables>, planId: number) {
  return db
    .selectFrom("plan_lines")
    .innerJoin("commands", "commands.id", "plan_lines.command_id")
    .selectAll("plan_lines")
    .select("commands.name as command_name")
    .where("plan_id", "=", planId)
    .orderBy("sequence")
    .orderBy("plan_lines.id")
    .execute();
}

export type PlanLineRow = Awaited<ReturnType<typeof readPlanLines>>[number];

/** What follows from a line's exit code, with the values that each action sets. */
export async function readLineActions(db: Kysely<Tables>, lineId: number) {
  const actions = await db
    .selectFrom("plan_line_actions")
    .selectAll()
    .where("line_id", "=", lineId)
    .orderBy("sequence")
    .orderBy("id")
    .execute();
  if (actions.length === 0) return [];
  const values = await db
    .selectFrom("variable_values")
    .innerJoin("variables", "variables.id", "variable_values.variable_id")
    .select(["plan_line_action_id as actionId", "variables.reference as reference", "value_char as text"])
    .where(
      "plan_line_action_id",
      "in",
      actions.map(({ id }) => id),
    )
    .where("active", "=", 1)
    .orderBy("variable_values.sequence")
    .execute();
  return actions.map((action) => ({ ...action, values: values.filter(({ actionId }) => actionId === action.id) }));
}

export type LineActionRow = Awaited<ReturnType<typeof readLineActions>>[number];

/** Whether a command may run on a server: it names the server, or none at all. */
export async function commandFits(db: Kysely<Tables>, commandId: number, serverId: number): Promise<boolean> {
  const rows = await db.selectFrom("command_servers").select("server_id").where("command_id", "=", commandId).execute();
  return rows.length === 0 || rows.some((row) => row.server_id === serverId);
}

/** Whether a plan may run on a server, and whether it names any. */
export async function planFits(
  db: Kysely<Tables>,
  planId: number,
  serverId: number,
): Promise<{ readonly fits: boolean; readonly namesServers: boolean }> {
  const rows = await db.selectFrom("plan_servers").select("server_id").where("plan_id", "=", planId).execute();
  return {
    fits: rows.length === 0 || rows.some((row) => row.server_id === serverId),
    namesServers: rows.length > 0,
  };
}

/** A user who may act, as code sees them; null for one who is archived or gone. */
export async function findActiveUser(db: Kysely<Tables>, id: number): Promise<CodeUser | null> {
  const row = await db
    .selectFrom("users")
    .select(["id", "login", "name", "email", "group"])
    .where("id", "=", id)
    .where("active", "=", 1)
    .executeTakeFirst();
  return row ?? null;
}

/** The commands of a plan, with those of the plans that they run in turn. */
export async function readCommandsOfPlan(db: Kysely<Tables>, planId: number): Promise<CommandRow[]> {
  const seen = new Set<number>();
  const found: CommandRow[] = [];
  let plans = [planId];
  while (plans.length > 0) {
    for (const id of plans) seen.add(id);
    const commands = await db
      .selectFrom("commands")
      .selectAll()
      .where("id", "in", (lines) => lines.selectFrom("plan_lines").select("command_id").where("plan_id", "in", plans))
      .orderBy("id")
      .execute();
    found.push(...commands);
    plans = commands.flatMap(({ action, flight_plan_id: id }) => (action === "plan" && id !== null ? [id] : []));
    plans = [...new Set(plans)].filter((id) => !seen.has(id));
  }
  return found;
}
