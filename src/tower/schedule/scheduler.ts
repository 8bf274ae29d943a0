import type { Database } from "../../db/database.ts";
import type { JobContext, JobHandler, JobKind, JobPayload, JobQueue } from "../../jobs/queue.ts";
import type { Clock } from "../../lib/clock.ts";
import { coerceError, HooktowerError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { findActiveUser } from "../runs/run-records.store.ts";
import type { Runs, VariableValues } from "../runs/runs.ts";
import { findNextCall, type Timing } from "./next-call.ts";
import {
  addProblem,
  findPlannable,
  findServerName,
  findServersOf,
  planTask,
  readTask,
  type PlannableTask,
} from "./schedule.store.ts";
import { WEEKDAYS } from "./scheduled-task.model.ts";

/** One task on one server. */
export const TASK_JOB: JobKind = { name: "scheduled_task", limit: 8, maxAttempts: null };

export type TaskRuns = Pick<Runs, "runCommand" | "startPlan">;

/** Runs scheduled tasks when they are due, each in one process of many. */
export interface Scheduler {
  /** For the jobs of kind `TASK_JOB`. */
  readonly handler: JobHandler;
  /** Looks for due tasks now and then until `stop`. */
  start(): void;
  /** Plans what is to be planned and adds jobs for what is due. */
  look(): Promise<void>;
  /** Waits for the look under way. The runs are the queue's to stop. */
  stop(): Promise<void>;
}

interface SchedulerOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly jobs: Pick<JobQueue, "add">;
  readonly runs: TaskRuns;
}

const LOOK_MS = 5000;

export function createScheduler({ db, clock, logger, jobs, runs }: SchedulerOptions): Scheduler {
  /** Said once each: a task that cannot be planned is met at every look. */
  const complaints = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> | null = null;

  async function look(): Promise<void> {
    const now = clock.now();
    for (const task of await findPlannable(db.main, now)) {
      try {
        await plan(task, now);
      } catch (thrown) {
        complain(task, coerceError(thrown));
      }
    }
  }

  /** In one transaction: who writes the next time also adds the jobs. */
  async function plan(task: PlannableTask, now: number): Promise<void> {
    const timing = readTiming(task);
    const cronPlanned = timing.type === "cron" ? `${timing.cronExpression} ${timing.timeZone}` : null;
    const isPlanned = timing.type !== "cron" || cronPlanned === task.cron_planned;
    if (!isPlanned) {
      // A new expression: the time that the old one gave is void.
      await planTask(db.main, task, { nextCall: findNextCall(timing, now, now), cronPlanned, run: null });
      return;
    }
    const due = task.next_call ?? (timing.type === "cron" ? null : now);
    if (due === null || due > now) return;
    const nextCall = findNextCall(timing, due, now);
    await db.main.transaction().execute(async (trx) => {
      if (!(await planTask(trx, task, { nextCall, cronPlanned, run: now }))) return;
      for (const serverId of await findServersOf(trx, task.id)) {
        const added = await jobs.add(
          trx,
          TASK_JOB.name,
          { taskId: task.id, serverId },
          { key: `${task.id} ${serverId}` },
        );
        if (!added) logger.info({ task: task.name, serverId }, "a scheduled task still runs; this time is left out");
      }
    });
  }

  function complain({ id, name }: PlannableTask, error: Error): void {
    const complaint = `${id} ${error.message}`;
    if (complaints.has(complaint)) return;
    complaints.add(complaint);
    logger.error({ err: error, task: name }, "a scheduled task cannot be planned");
  }

  async function handler({ taskId, serverId }: JobPayload, { signal, attempt }: JobContext): Promise<void> {
    const task = await readTask(db.main, Number(taskId));
    if (!task) return;
    try {
      // A second attempt: the process of the first has died, and nobody knows how far the run came. A plan run
      // goes on by a job of its own.
      if (attempt > 1) throw new HooktowerError("conflict", "The run was cut off, and is not begun again");
      await run(task, Number(serverId), signal);
    } catch (thrown) {
      // Not thrown on: the next time comes by itself, and the task says what went wrong with this one.
      const error = coerceError(thrown);
      const server = await findServerName(db.main, Number(serverId));
      logger.error({ err: error, task: task.name, server }, "a scheduled task failed");
      const text = error instanceof HooktowerError ? error.message : "An internal error, see the server's log";
      await addProblem(db.main, task.id, `${server}: ${text}`);
    }
  }

  /** What the command or plan ends with is in its log. @throws when it could not be begun */
  async function run(
    task: NonNullable<Awaited<ReturnType<typeof readTask>>>,
    serverId: number,
    signal: AbortSignal,
  ): Promise<void> {
    const user = task.create_uid === null ? null : await findActiveUser(db.main, task.create_uid);
    if (!user) throw new HooktowerError("forbidden", "The user who made the task is archived or gone");
    const variableValues = JSON.parse(task.variable_values ?? "{}") as VariableValues;
    const request = { serverId, user, variableValues, label: task.name };
    if (task.action === "command" && task.command_id !== null) {
      await runs.runCommand({ ...request, commandId: task.command_id, signal });
    } else if (task.action === "plan" && task.plan_id !== null) {
      // Without the signal: a plan run outlives this process. It is waited for, so that it does not run twice.
      const { ended } = await runs.startPlan({ ...request, planId: task.plan_id });
      await Promise.race([ended, whenAborted(signal)]);
    } else throw new HooktowerError("conflict", `The task names no ${task.action}`);
  }

  function lookLogged(): void {
    current ??= look()
      .catch((thrown: unknown) =>
        logger.error({ err: coerceError(thrown) }, "scheduled tasks cannot be looked for; trying again"),
      )
      .then(() => void (current = null));
  }

  return {
    handler,
    look,
    start() {
      lookLogged();
      timer = setInterval(lookLogged, LOOK_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await current;
    },
  };
}

function readTiming(task: PlannableTask): Timing {
  return {
    type: task.interval_type,
    every: task.interval_number,
    weekdays: WEEKDAYS.flatMap((name, index) => (task[name] === 1 ? [index + 1] : [])),
    cronExpression: task.cron_expression,
    timeZone: task.time_zone,
  };
}

function whenAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
