import { EXIT } from "./exit-codes.ts";
import { endCommandLog, endPlanLog, findRunningCommands, findRunningPlansOf } from "./run-logs.store.ts";
import type { RunTools } from "./run-tools.ts";

type Tools = Pick<RunTools, "db" | "clock">;

const LOST =
  "The tower went down while this ran. How it ended is not known: it may have been done, in part or not at all, " +
  "and it may still be running on the server";

/** Says honestly what is known of a command whose process is gone; the plan runs that it began are lost with it. */
export async function markCommandLost(tools: Tools, logId: number): Promise<void> {
  const { db, clock } = tools;
  for (const planLogId of await findRunningPlansOf(db.main, logId)) await markPlanLost(tools, planLogId);
  await endCommandLog(db.main, logId, clock.now(), {
    command_status: EXIT.general,
    command_error: LOST,
  });
}

async function markPlanLost(tools: Tools, logId: number): Promise<void> {
  const { db, clock } = tools;
  for (const commandLogId of await findRunningCommands(db.main, logId)) await markCommandLost(tools, commandLogId);
  await endPlanLog(db.main, logId, clock.now(), {
    plan_status: EXIT.general,
    custom_message: LOST,
  });
}
