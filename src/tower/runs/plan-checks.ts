import { HooktowerError } from "../../lib/errors.ts";
import type { Read } from "../variables/variable-values.ts";
import { EXIT } from "./exit-codes.ts";
import {
  commandFits,
  planFits,
  readCommandsOfPlan,
  readPlan,
  readPlanLines,
  readServer,
  type PlanLineRow,
  type PlanRow,
  type ServerRow,
} from "./run-records.store.ts";

/** What a plan run is about. */
export interface PlanSubjects {
  readonly server: ServerRow;
  readonly plan: PlanRow;
  readonly lines: readonly PlanLineRow[];
}

/** Why a plan run does not begin. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

export const PLAN_RUNNING: Refusal = {
  status: EXIT.planRunning,
  message: "Another instance of the flight plan is already running",
};

/** @throws HooktowerError `not_found` when one of the two is gone */
export async function readPlanSubjects(
  read: Read,
  { serverId, planId }: { readonly serverId: number; readonly planId: number },
): Promise<PlanSubjects> {
  return read(async (db) => {
    const server = await readServer(db, serverId);
    const plan = await readPlan(db, planId);
    if (!server) throw new HooktowerError("not_found", `Server ${serverId} is not there any more`);
    if (!plan) throw new HooktowerError("not_found", `Flight plan ${planId} is not there any more`);
    return { server, plan, lines: await readPlanLines(db, planId) };
  });
}

/**
 * As in the original: a plan that names servers runs on them only, and then its commands must fit too. Where
 * it names none, a command that does not fit is refused at its line. Plans that a plan runs are not asked.
 */
export async function findRefusal(
  read: Read,
  { server, plan, lines }: PlanSubjects,
  { isNested }: { readonly isNested: boolean },
): Promise<Refusal | null> {
  const misfit = isNested ? null : await read((db) => findMisfit(db, plan.id, server.id));
  if (misfit !== null) return { status: EXIT.planIncompatible, message: misfit };
  return lines.length === 0 ? { status: EXIT.planEmpty, message: "The flight plan has no lines" } : null;
}

async function findMisfit(
  db: Parameters<typeof planFits>[0],
  planId: number,
  serverId: number,
): Promise<string | null> {
  const { fits, namesServers } = await planFits(db, planId, serverId);
  if (!fits) return "Flight plan is not compatible with the server";
  if (!namesServers) return null;
  for (const { id, name } of await readCommandsOfPlan(db, planId))
    if (!(await commandFits(db, id, serverId))) return `Command ${name} is not compatible with the server`;
  return null;
}
