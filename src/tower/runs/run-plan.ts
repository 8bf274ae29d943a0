import { isUniqueViolation } from "../../db/errors.ts";
import { EXIT } from "./exit-codes.ts";
import { markCommandLost } from "./lost-runs.ts";
import { findRefusal, PLAN_RUNNING, readPlanSubjects, type PlanSubjects, type Refusal } from "./plan-checks.ts";
import { createPlanWalker, type Walk } from "./plan-walk.ts";
import { assertMayRead, keepAllowedValues, readingOf } from "./rights.ts";
import { insertLog, type CommandRunner } from "./run-command.ts";
import {
  findLineEnd,
  insertPlanLog,
  isPlanRunning,
  readPlanLog,
  type NewPlanLog,
  type PlanLogRow,
} from "./run-logs.store.ts";
import { findActiveUser } from "./run-records.store.ts";
import { assertRoom, type RunState } from "./run-state.ts";
import type { RunTools } from "./run-tools.ts";
import type { PlanEnd, PlanRequest, StartedPlan, VariableValues } from "./runs.ts";

export const PLAN_JOB = "plan_run";

/** A plan run that may be what a command does; then nobody is asked, and it never runs beside itself. */
export type PlanRun = PlanRequest & { readonly parent?: { readonly commandLogId: number | null } };

export interface PlanRunner {
  start(request: PlanRun): Promise<StartedPlan>;
  /**
   * Goes on with a plan run whose process is gone.
   *
   * @throws when `signal` made it leave the run where it is
   */
  resume(logId: number, signal: AbortSignal): Promise<void>;
}

export function createPlanRunner(tools: RunTools, commands: CommandRunner, state: RunState): PlanRunner {
  const { db, clock, logger } = tools;
  const { walkToEnd, follow, finish } = createPlanWalker(tools, commands, state);

  async function start(request: PlanRun): Promise<StartedPlan> {
    const { serverId, planId, user, parent, unit = null } = request;
    if (!parent) assertRoom(state);
    if (!parent) await assertMayRead(tools, "server", serverId, user, unit);
    if (!parent && !request.trusted) await assertMayRead(tools, "plan", planId, user, unit);
    const read = readingOf(tools, unit);
    const subjects = await readPlanSubjects(read, request);
    const given = request.variableValues ?? {};
    const values = parent ? given : await keepAllowedValues(tools, serverId, given, user, unit);
    const refusal = await findRefusal(read, subjects, { isNested: parent !== undefined });
    const begun = refusal === null ? await begin(subjects, request, values) : null;
    if (begun === null) return refuse(subjects, request, values, refusal ?? PLAN_RUNNING);
    const signal = request.signal ?? null;
    const { jobId } = begun;
    const lost = jobId === null ? [] : [tools.jobs.signalOf(jobId)];
    const pause = AbortSignal.any([state.closing.signal, ...lost]);
    const ended = walkToEnd(
      { ...subjects, ...begun, isNested: parent !== undefined, user, read, request, signal, pause },
      0,
      values,
    );
    return { logId: begun.logId, ended };
  }

  /** @returns null when another run of the same stands in the way */
  async function begin(
    { server, plan }: PlanSubjects,
    request: PlanRun,
    values: VariableValues,
  ): Promise<{ readonly logId: number; readonly jobId: number | null } | null> {
    // Nested runs exclude each other whatever the plan allows: that ends a plan that runs itself.
    const exclusive = plan.allow_parallel_run === 0 || request.parent !== undefined;
    const row: NewPlanLog = {
      ...describePlanRun({ server, plan }, request, values, clock.now()),
      is_running: 1,
      is_exclusive: exclusive ? 1 : 0,
      plan_status: 0,
    };
    try {
      return await insertLog(() =>
        db.main.transaction().execute(async (trx) => {
          if (exclusive && (await isPlanRunning(trx, server.id, plan.id))) return null;
          const logId = await insertPlanLog(trx, row);
          const jobId = request.parent ? null : await tools.jobs.addTaken(trx, PLAN_JOB, { logId });
          return { logId, jobId };
        }),
      );
    } catch (thrown) {
      if (isUniqueViolation(thrown)) return null;
      throw thrown;
    }
  }

  /** The log of a run that did not begin. */
  async function refuse(
    { server, plan }: PlanSubjects,
    request: PlanRun,
    values: VariableValues,
    { status, message }: Refusal,
  ): Promise<StartedPlan> {
    const now = clock.now();
    const row: NewPlanLog = {
      ...describePlanRun({ server, plan }, request, values, now),
      is_running: 0,
      is_exclusive: 0,
      finish_date: now,
      duration_ms: 0,
      plan_status: status,
      custom_message: message,
    };
    const logId = await insertLog(() => insertPlanLog(db.main, row));
    return { logId, ended: Promise.resolve({ logId, status, message, variableValues: values }) };
  }

  async function resume(logId: number, signal: AbortSignal): Promise<void> {
    const log = await readPlanLog(db.main, logId);
    if (!log || log.is_running === 0) return;
    const user = log.user_id === null ? null : await findActiveUser(db.main, log.user_id);
    if (user === null) {
      const reason = "The user that it ran as is not active any more";
      await finish({ logId, jobId: null }, EXIT.general, readValues(log), reason);
      return;
    }
    const read = readingOf(tools, null);
    const subjects = await readPlanSubjects(read, { serverId: log.server_id, planId: log.plan_id });
    const pause = AbortSignal.any([state.closing.signal, signal]);
    const begun = { ...subjects, logId, jobId: null, isNested: false, user, read, pause, request: {} };
    const { from, values, end } = await findPlace({ ...begun, signal: NEVER }, log);
    logger.info({ planLog: logId, line: from + 1 }, "going on with a plan run whose process is gone");
    const ended = end === undefined ? await walkToEnd({ ...begun, signal: null }, from, values) : end;
    if (ended === null) throw new Error("the plan run was left where it is: the tower closes");
  }

  /** Where a run goes on: after the line that was under way, or with it when it had not begun. */
  async function findPlace(
    walk: Walk,
    log: PlanLogRow,
  ): Promise<{ readonly from: number; readonly values: VariableValues; readonly end?: PlanEnd | null }> {
    const values = readValues(log);
    const index = walk.lines.findIndex(({ id }) => id === log.plan_line_executed_id);
    const line = walk.lines[index];
    if (!line) return { from: 0, values };
    const known = await findLineEnd(db.main, walk.logId, line.id);
    if (!known) return { from: index, values };
    if (known.is_running === 1) await markCommandLost(tools, known.id);
    const status = known.is_running === 1 ? EXIT.general : (known.command_status ?? EXIT.general);
    const variableValues =
      known.variable_values === null ? values : (JSON.parse(known.variable_values) as VariableValues);
    const followed = await follow(walk, index, { logId: known.id, status, variableValues, message: null });
    if ("end" in followed) return { from: index, values, end: followed.end };
    return { from: index + 1, values: followed.values };
  }

  return { start, resume };
}

const NEVER = new AbortController().signal;

function readValues({ variable_values: stored }: PlanLogRow): VariableValues {
  return stored === null ? {} : (JSON.parse(stored) as VariableValues);
}

/** The columns that every plan log begins with. */
function describePlanRun(
  { server, plan }: Pick<PlanSubjects, "server" | "plan">,
  { user, label, callId, parent }: PlanRun,
  values: VariableValues,
  now: number,
) {
  return {
    create_date: now,
    write_date: now,
    create_uid: user.id,
    user_id: user.id,
    name: plan.name,
    label: label ?? null,
    server_id: server.id,
    plan_id: plan.id,
    access_level: plan.access_level,
    start_date: now,
    is_stopped: 0,
    parent_command_log_id: parent?.commandLogId ?? null,
    webhook_log_id: callId ?? null,
    variable_values: JSON.stringify(values),
  };
}
