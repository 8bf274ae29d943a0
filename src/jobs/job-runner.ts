import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import { coerceError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { delayJob, deleteTakenJob, failJob, releaseJobs, type ClaimedJob } from "./jobs.store.ts";
import { LeaseLostError, type Leases } from "./leases.ts";
import type { JobHandler, JobPayload } from "./queue.ts";

/** Runs handlers for jobs that were taken, and writes down how each attempt ended. */
export interface JobRunner {
  /** Never rejects. */
  run(job: ClaimedJob, handler: JobHandler, maxAttempts: number | null): Promise<void>;
  /** How many of a kind run. */
  count(kind: string): number;
  countAll(): number;
  /** Resolves when none of those that run now does. */
  whenIdle(): Promise<void>;
}

interface JobRunnerOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leases: Leases;
  readonly retryMs: number;
}

const LONGEST_RETRY_MS = 10 * 60 * 1000;
const MAX_ERROR_LENGTH = 10_000;

export function createJobRunner({ db, clock, logger, leases, retryMs }: JobRunnerOptions): JobRunner {
  const owner = db.getOwner().id;
  /** By attempt, not by job: one whose lease was lost may still run beside the next. */
  const running = new Map<Promise<void>, string>();

  function run(job: ClaimedJob, handler: JobHandler, maxAttempts: number | null): Promise<void> {
    const ended = attempt(job, handler, maxAttempts).catch((thrown: unknown) => {
      // The row is still ours: found by the heartbeat, and let go.
      logger.error({ err: coerceError(thrown), ...describe(job) }, "the end of a job could not be written");
    });
    running.set(ended, job.kind);
    return ended.then(() => void running.delete(ended));
  }

  async function attempt(job: ClaimedJob, handler: JobHandler, maxAttempts: number | null): Promise<void> {
    const { id, attempts } = job;
    const signal = leases.hold(id, true);
    try {
      if (maxAttempts !== null && attempts > maxAttempts) {
        // Each attempt before ended with its process.
        return await giveUp(job, job.error ?? "The process ended during each attempt");
      }
      await handler(JSON.parse(job.payload) as JobPayload, { signal, attempt: attempts, jobId: id });
      if (!isLost(signal)) await deleteTakenJob(db.main, id, owner);
    } catch (thrown) {
      await writeFailure(job, coerceError(thrown), signal, maxAttempts);
    } finally {
      if (leases.signalOf(id) === signal) leases.drop(id);
    }
  }

  async function writeFailure(
    job: ClaimedJob,
    error: Error,
    signal: AbortSignal,
    maxAttempts: number | null,
  ): Promise<void> {
    const { id, attempts } = job;
    if (isLost(signal)) return logger.warn({ err: error, ...describe(job) }, "a job ended that was ours no more");
    // We stop: not the job's fault.
    if (signal.aborted) return releaseJobs(db.main, owner, [id]);
    if (maxAttempts !== null && attempts >= maxAttempts) return giveUp(job, error.message, error);
    const delayMs = Math.min(LONGEST_RETRY_MS, retryMs * 4 ** (attempts - 1));
    logger.warn({ err: error, ...describe(job), delayMs }, "a job failed; it is tried again");
    await delayJob(db.main, id, { owner, runDate: clock.now() + delayMs, error: cut(error.message) });
  }

  async function giveUp(job: ClaimedJob, text: string, error?: Error): Promise<void> {
    logger.error({ ...(error && { err: error }), ...describe(job), error: text }, "a job failed and is given up");
    await failJob(db.main, job.id, { owner, now: clock.now(), error: cut(text) });
  }

  const countAll = () => running.size;
  return {
    run,
    countAll,
    count: (kind) => [...running.values()].filter((other) => other === kind).length,
    whenIdle: () => Promise.all(running.keys()).then(() => undefined),
  };
}

function isLost(signal: AbortSignal): boolean {
  return signal.reason instanceof LeaseLostError;
}

function describe({ id, kind, attempts }: ClaimedJob) {
  return { job: id, kind, attempt: attempts };
}

function cut(text: string): string {
  return text.slice(0, MAX_ERROR_LENGTH);
}
