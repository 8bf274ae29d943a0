import type { CodeUser } from "../../guest/guest.ts";
import { EXIT } from "./exit-codes.ts";
import { endCommandLog, endPlanLog, findRunningCommands, findRunningPlansOf } from "./run-logs.store.ts";
import type { RunState } from "./run-state.ts";
import type { RunTools } from "./run-tools.ts";

type By = Pick<CodeUser, "name">;

export interface Stopper {
  stopCommand(logId: number, by: By): Promise<boolean>;
  stopPlan(logId: number, by: By): Promise<boolean>;
}

/**
 * Stopping is said in the log first. The process that runs it hears of it at once when it is this one, and
 * within a second, when it next writes the log, when it is another.
 */
export function createStopper({ db, clock }: Pick<RunTools, "db" | "clock">, state: RunState): Stopper {
  async function stopCommand(logId: number, by: By): Promise<boolean> {
    const wasRunning = await endCommandLog(db.main, logId, clock.now(), {
      command_status: EXIT.commandStopped,
      command_error: describe(by),
    });
    state.commands.get(logId)?.abort();
    for (const planLogId of await findRunningPlansOf(db.main, logId)) await stopPlan(planLogId, by);
    return wasRunning;
  }

  async function stopPlan(logId: number, by: By): Promise<boolean> {
    const wasRunning = await endPlanLog(db.main, logId, clock.now(), {
      is_stopped: 1,
      plan_status: EXIT.planStopped,
      custom_message: describe(by),
    });
    state.plans.get(logId)?.abort();
    for (const commandLogId of await findRunningCommands(db.main, logId)) await stopCommand(commandLogId, by);
    return wasRunning;
  }

  return { stopCommand, stopPlan };
}

function describe({ name }: By): string {
  return `Stopped by user ${name}`;
}
