import type { CodeUser } from "../../guest/guest.ts";
import { coerceError, HooktowerError } from "../../lib/errors.ts";
import type { Read } from "../variables/variable-values.ts";
import { conditionHolds } from "./conditions.ts";
import { EXIT } from "./exit-codes.ts";
import type { PlanSubjects } from "./plan-checks.ts";
import { decideNext } from "./plan-steps.ts";
import type { CommandRunner } from "./run-command.ts";
import { endPlanLog, readPlanLog, updateRunningPlan, writeCommandValues } from "./run-logs.store.ts";
import { readLineActions, type PlanLineRow } from "./run-records.store.ts";
import { keepUntilEnd, type RunState } from "./run-state.ts";
import type { RunTools } from "./run-tools.ts";
import type { CommandEnd, PlanEnd, PlanRequest, VariableValues } from "./runs.ts";

/** One plan run on its way from line to line. */
export interface Walk extends PlanSubjects {
  readonly logId: number;
  /** Null where a plan or a job above looks after it. */
  readonly jobId: number | null;
  /** A run inside another cannot be gone on with by itself. */
  readonly isNested: boolean;
  readonly user: CodeUser;
  readonly read: Read;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Leaves it where it is, for whoever goes on with it. */
  readonly pause: AbortSignal;
  readonly request: Pick<PlanRequest, "unit" | "onOutput" | "onLine">;
}

/** How a line ended, with the log that says so, if there is one. */
export interface LineEnd extends Pick<CommandEnd, "logId" | "status" | "variableValues"> {
  /** For the plan's log, where the line has none. */
  readonly message: string | null;
}

/** Takes plan runs from line to line. */
export interface PlanWalker {
  /**
   * Everything that a run needs while this process works on it, and is freed of afterwards.
   *
   * @returns null when it was left where it is: it goes on later from the line that its log names
   */
  walkToEnd(
    begun: Omit<Walk, "signal"> & { readonly signal: AbortSignal | null },
    from: number,
    values: VariableValues,
  ): Promise<PlanEnd | null>;
  /** What comes after a line: the next one with these values, or the end. */
  follow(walk: Walk, index: number, end: LineEnd): Promise<Followed>;
  finish(
    walk: Pick<Walk, "logId" | "jobId">,
    status: number,
    values: VariableValues,
    message: string | null,
  ): Promise<PlanEnd>;
}

export type Followed = { readonly values: VariableValues } | { readonly end: PlanEnd | null };

export function createPlanWalker(tools: RunTools, commands: CommandRunner, state: RunState): PlanWalker {
  const { db, clock, logger } = tools;

  function walkToEnd(
    begun: Omit<Walk, "signal"> & { readonly signal: AbortSignal | null },
    from: number,
    values: VariableValues,
  ): Promise<PlanEnd | null> {
    const stop = new AbortController();
    state.plans.set(begun.logId, stop);
    const signal = begun.signal ? AbortSignal.any([begun.signal, stop.signal]) : stop.signal;
    const walk: Walk = { ...begun, signal };
    const ended = walkOn(walk, from, values)
      .catch(async (thrown: unknown) => {
        logger.error({ err: coerceError(thrown), planLog: walk.logId }, "a plan run failed in the tower");
        return finish(walk, EXIT.general, values, "The tower failed: its own log says how");
      })
      .catch(async (thrown: unknown) => {
        // Not even that can be written: whoever takes the job goes on when it can.
        if (walk.jobId !== null) await tools.jobs.giveBack(walk.jobId);
        throw thrown;
      })
      .finally(() => state.plans.delete(walk.logId));
    keepUntilEnd(state, ended);
    return ended;
  }

  async function walkOn(walk: Walk, from: number, given: VariableValues): Promise<PlanEnd | null> {
    let values = given;
    for (const [index, line] of walk.lines.entries()) {
      if (index < from) continue;
      if (walk.signal.aborted) return finish(walk, EXIT.planStopped, values, "Stopped");
      if (walk.pause.aborted) return suspend(walk, values);
      const isOn = await updateRunningPlan(db.main, walk.logId, {
        plan_line_executed_id: line.id,
        variable_values: JSON.stringify(values),
      });
      if (!isOn) return readEnd(walk, values);
      const end = await runLine(walk, index, line, values);
      const followed = await follow(walk, index, end);
      if ("end" in followed) return followed.end;
      values = followed.values;
    }
    throw new Error(`plan run ${walk.logId} has gone past its last line`);
  }

  async function runLine(walk: Walk, index: number, line: PlanLineRow, values: VariableValues): Promise<LineEnd> {
    const { server, user, read, signal, logId, request } = walk;
    const run = {
      serverId: server.id,
      commandId: line.command_id,
      user,
      variableValues: values,
      path: line.path,
      // A line without sudo uses none; one with it, what the server has.
      ...(line.use_sudo === 0 && { sudo: false }),
      line: { planLogId: logId, lineId: line.id, condition: line.condition },
      unit: request.unit ?? null,
      signal,
      ...(request.onOutput && { onOutput: request.onOutput }),
    };
    try {
      if (!(await conditionHolds(tools, line.condition, server, values, read)))
        return { ...(await commands.recordSkipped(run)), message: null };
      tell(walk, index, line, null);
      const { ended } = await commands.start(run);
      return { ...(await ended), message: null };
    } catch (thrown) {
      // A server or command that is gone or cannot be used: this line has no log of its own.
      if (!(thrown instanceof HooktowerError)) throw thrown;
      return { logId: null, status: EXIT.general, message: thrown.message, variableValues: values };
    }
  }

  async function follow(walk: Walk, index: number, end: LineEnd): Promise<Followed> {
    const { server, plan, read, signal, lines } = walk;
    const line = lines[index];
    if (!line) throw new Error(`plan run ${walk.logId} has no line ${index + 1}`);
    tell(walk, index, line, end.status);
    if (signal.aborted) return { end: await finish(walk, EXIT.planStopped, end.variableValues, "Stopped") };
    if (walk.pause.aborted) return { end: await suspend(walk, end.variableValues) };
    const isLast = index === lines.length - 1;
    // Asked again with the values as they are now, as in the original: what made its own condition
    // false counts as skipped, whatever its command ended with.
    const isSkipped =
      end.status === EXIT.conditionFalse ||
      !(await conditionHolds(tools, line.condition, server, end.variableValues, read));
    if (isSkipped)
      return isLast ? { end: await finish(walk, 0, end.variableValues, null) } : { values: end.variableValues };
    const actions = await read((connection) => readLineActions(connection, line.id));
    const step = decideNext(end.status, actions, plan, isLast);
    const set = step.setValues.map(({ reference, text }) => [reference, text ?? ""] as const);
    const values = { ...end.variableValues, ...Object.fromEntries(set) };
    if (set.length > 0 && end.logId !== null) await writeCommandValues(db.main, end.logId, JSON.stringify(values));
    return step.next ? { values } : { end: await finish(walk, step.status, values, end.message) };
  }

  async function suspend(walk: Walk, values: VariableValues): Promise<PlanEnd | null> {
    if (walk.isNested) return finish(walk, EXIT.planStopped, values, "The tower was closing");
    return null;
  }

  function tell({ request, lines }: Walk, index: number, line: PlanLineRow, status: number | null): void {
    request.onLine?.({ position: index + 1, lines: lines.length, command: line.command_name, status });
  }

  async function finish(
    { logId, jobId }: Pick<Walk, "logId" | "jobId">,
    status: number,
    variableValues: VariableValues,
    message: string | null,
  ): Promise<PlanEnd> {
    const isStopped = status === EXIT.planStopped;
    const shown = status === 0 ? null : message;
    const wasRunning = await db.main.transaction().execute(async (trx) => {
      if (jobId !== null) await tools.jobs.finish(trx, jobId);
      return endPlanLog(trx, logId, clock.now(), {
        plan_status: status,
        is_stopped: isStopped ? 1 : 0,
        custom_message: shown,
        variable_values: JSON.stringify(variableValues),
      });
    });
    if (!wasRunning) return readEnd({ logId, jobId }, variableValues);
    return { logId, status, message: shown, variableValues };
  }

  /** Somebody stopped it: the log says what came of it. */
  async function readEnd(
    { logId, jobId }: Pick<Walk, "logId" | "jobId">,
    variableValues: VariableValues,
  ): Promise<PlanEnd> {
    if (jobId !== null) await tools.jobs.finish(db.main, jobId);
    const log = await readPlanLog(db.main, logId);
    const { plan_status: status = EXIT.planStopped, custom_message: message = null } = log ?? {};
    return { logId, status: status ?? EXIT.planStopped, message, variableValues };
  }

  return { walkToEnd, follow, finish };
}
