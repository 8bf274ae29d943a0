import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { JobHandler, JobKind } from "../../jobs/queue.ts";
import type { Action } from "./actions/action.ts";
import { createFlightPlan } from "./actions/flight-plan.ts";
import { createSshCommand } from "./actions/ssh-command.ts";
import { markCommandLost } from "./lost-runs.ts";
import { COMMAND_JOB, createCommandRunner } from "./run-command.ts";
import { createPlanRunner, PLAN_JOB, type PlanRunner } from "./run-plan.ts";
import { createRunState } from "./run-state.ts";
import type { RunTools } from "./run-tools.ts";
import type { Runs } from "./runs.ts";
import { createStopper } from "./stop-runs.ts";

/** The actions that other parts of the tower bring. */
export interface OtherActions {
  readonly python_code: Action;
  readonly file_using_template: Action;
}

const KILL_MS = 8000;

/** Runs go on until they have ended, however often a tower goes down meanwhile. */
export const RUN_JOBS: readonly JobKind[] = [COMMAND_JOB, PLAN_JOB].map((name) => ({ name, maxAttempts: null }));

const jobPayload = z.object({ logId: z.int() });

/** @returns the runs of this process, and what takes over those of processes that are gone: handlers of `RUN_JOBS` */
export function createRuns(
  tools: RunTools,
  others: OtherActions,
): { readonly runs: Runs; readonly jobs: Readonly<Record<string, JobHandler>> } {
  const state = createRunState();
  // A plan runs commands, and a command can be a plan.
  let plans: PlanRunner | null = null;
  const startNested: PlanRunner["start"] = (request) => {
    if (!plans) throw new Error("plans are run before they are there");
    return plans.start(request);
  };
  const actions = { ...others, ssh_command: createSshCommand(tools), plan: createFlightPlan(startNested) };
  const commands = createCommandRunner(tools, actions, state);
  const planRunner = createPlanRunner(tools, commands, state);
  plans = planRunner;

  const runs: Runs = {
    async runCommand(request) {
      const { ended } = await commands.start(request);
      return ended;
    },
    startCommand: commands.start,
    startPlan: planRunner.start,
    ...createStopper(tools, state),
    async close(graceMs) {
      state.closing.abort();
      const allEnded = () => Promise.all(state.ends);
      await Promise.race([allEnded(), delay(graceMs, undefined, { ref: false })]);
      for (const stop of state.commands.values()) stop.abort();
      await Promise.race([allEnded(), delay(KILL_MS, undefined, { ref: false })]);
    },
  };
  const jobs: Readonly<Record<string, JobHandler>> = {
    // A command is never run again: half of it may be done.
    [COMMAND_JOB]: async (payload) => markCommandLost(tools, jobPayload.parse(payload).logId),
    [PLAN_JOB]: async (payload, { signal }) => planRunner.resume(jobPayload.parse(payload).logId, signal),
  };
  return { runs, jobs };
}
