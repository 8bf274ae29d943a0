import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import { coerceError, HooktowerError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { createLeases } from "./leases.ts";
import {
  claimJobs,
  countJobs,
  deleteJobsFailedBefore,
  deleteTakenJob,
  findKinds,
  findOtherOwners,
  insertJob,
  insertTakenJob,
  releaseJobs,
  type ClaimedJob,
} from "./jobs.store.ts";
import type { AddOptions, JobHandlers, JobKind, JobPayload, JobQueue } from "./queue.ts";
import { createJobRunner } from "./job-runner.ts";
import { createRounds } from "./rounds.ts";

/** Milliseconds, but for `concurrency`. */
export interface JobTimings {
  /** How long a job of a process that is gone is left alone, where its end is not known sooner. */
  readonly leaseMs: number;
  /** A process may miss a few before others take its jobs. */
  readonly heartbeatMs: number;
  /** The longest time between two looks for jobs. */
  readonly pollMs: number;
  /** How long a job waits after its first failed attempt; four times as long after each further one. */
  readonly retryMs: number;
  /** How many jobs run at a time. */
  readonly concurrency: number;
}

const DEFAULTS: JobTimings = { leaseMs: 20_000, heartbeatMs: 5000, pollMs: 1000, retryMs: 1000, concurrency: 16 };
/** How long handlers may take to end once their signal is aborted. */
const ABORT_MS = 2000;
const KEEP_FAILED_MS = 30 * 24 * 60 * 60 * 1000;

interface JobQueueOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Every kind that there is. */
  readonly kinds: readonly JobKind[];
  readonly timings?: Partial<JobTimings>;
}

/**
 * The queue of one process, over the table `jobs`.
 *
 * Leases are compared with the clock of each process, so the clocks of several machines on one database may
 * differ by less than a lease.
 */
export function createJobQueue({ db, clock, logger, kinds: declared, timings }: JobQueueOptions): JobQueue {
  const { leaseMs, heartbeatMs, pollMs, retryMs, concurrency } = { ...DEFAULTS, ...timings };
  const kinds = new Map(declared.map((kind) => [kind.name, kind]));
  const owner = db.getOwner();
  const leases = createLeases({ db, clock, leaseMs });
  const runner = createJobRunner({ db, clock, logger, leases, retryMs });
  const rounds = createRounds({ heartbeatMs, pollMs, logger, beat, look: takeDueJobs });
  const unknownKinds = new Set<string>();
  let handlers: JobHandlers | null = null;
  let stopping: Promise<void> | null = null;

  async function add(on: typeof db.main, kind: string, payload: JobPayload, options: AddOptions = {}) {
    assertDeclared(kind);
    const now = clock.now();
    const { runAt = now, key = null } = options;
    const added = await insertJob(on, { kind, payload: JSON.stringify(payload), now, runDate: runAt, key });
    // Before the commit, perhaps: the next looks follow soon after, see rounds.ts.
    if (runAt <= now) rounds.poke();
    return added;
  }

  async function addTaken(on: typeof db.main, kind: string, payload: JobPayload): Promise<number> {
    assertDeclared(kind);
    if (stopping) throw new HooktowerError("unavailable", "The server is stopping", { retryAfterSeconds: 5 });
    const now = clock.now();
    const text = JSON.stringify(payload);
    const id = await insertTakenJob(on, { kind, payload: text, now, owner: owner.id, leaseEnd: now + leaseMs });
    leases.hold(id, false);
    rounds.start();
    return id;
  }

  async function finish(on: typeof db.main, id: number): Promise<boolean> {
    const deleted = await deleteTakenJob(on, id, owner.id);
    leases.drop(id);
    return deleted;
  }

  async function giveBack(id: number): Promise<void> {
    await releaseJobs(db.main, owner.id, [id]);
    leases.drop(id);
    rounds.poke();
  }

  function start(given: JobHandlers): void {
    for (const name of kinds.keys()) if (!given[name]) throw new Error(`Jobs of kind ${name} have no handler`);
    for (const name of Object.keys(given)) assertDeclared(name);
    handlers = given;
    rounds.start();
    rounds.poke();
  }

  async function stop(graceMs: number): Promise<void> {
    handlers = null;
    await endWithin(leases.whenEmpty(), graceMs);
    leases.loseAll(new HooktowerError("unavailable", "The server is stopping"));
    await endWithin(runner.whenIdle(), ABORT_MS);
    await rounds.stop();
    await releaseJobs(db.main, owner.id, "all");
  }

  function assertDeclared(kind: string): void {
    if (!kinds.has(kind)) throw new Error(`There is no kind of job ${JSON.stringify(kind)}`);
  }

  async function beat(): Promise<void> {
    await leases.beat();
    if (!handlers) return;
    await deleteJobsFailedBefore(db.main, clock.now() - KEEP_FAILED_MS);
    for (const kind of await findKinds(db.main)) {
      if (kinds.has(kind) || unknownKinds.has(kind)) continue;
      unknownKinds.add(kind);
      logger.warn({ kind }, "there are jobs of a kind that this version does not know; they are left alone");
    }
  }

  /** @returns whether there were any */
  async function takeDueJobs(): Promise<boolean> {
    let took = false;
    let endedOwners: string[] | null = null;
    for (;;) {
      const { names, limit } = findRoom();
      if (limit === 0) return took;
      endedOwners ??= await findEndedOwners();
      const now = clock.now();
      const claim = { owner: owner.id, kinds: names, endedOwners, now, leaseEnd: now + leaseMs, limit };
      const jobs = await claimJobs(db, claim);
      await begin(jobs);
      took ||= jobs.length > 0;
      if (jobs.length < limit) return took;
    }
  }

  async function begin(jobs: readonly ClaimedJob[]): Promise<void> {
    for (const job of jobs) {
      const handler = handlers?.[job.kind];
      const { maxAttempts = 5 } = kinds.get(job.kind) ?? {};
      if (handler) void runner.run(job, handler, maxAttempts).then(rounds.poke);
      // Stopped while the database was asked.
      else await releaseJobs(db.main, owner.id, [job.id]);
    }
  }

  /** The kinds that may begin, and how many jobs may, whichever of these kinds they are. */
  function findRoom(): { readonly names: readonly string[]; readonly limit: number } {
    const room = concurrency - runner.countAll();
    if (!handlers || room <= 0) return { names: [], limit: 0 };
    const open = declared
      .map(({ name, limit = concurrency }) => ({ name, room: limit - runner.count(name) }))
      .filter((kind) => kind.room > 0);
    const limit = open.length === 0 ? 0 : Math.min(room, ...open.map((kind) => kind.room));
    return { names: open.map(({ name }) => name), limit };
  }

  async function findEndedOwners(): Promise<string[]> {
    const { hasEnded } = owner;
    return hasEnded ? (await findOtherOwners(db.main, owner.id)).filter(hasEnded) : [];
  }

  return {
    add,
    addTaken,
    finish,
    giveBack,
    signalOf: (id) => leases.signalOf(id) ?? AbortSignal.abort(new Error(`Job ${id} is not held`)),
    start,
    stop: (graceMs) =>
      (stopping ??= stop(graceMs).catch((thrown: unknown) => {
        logger.error(
          { err: coerceError(thrown) },
          "jobs could not be given back; others take them when their leases end",
        );
      })),
    count: () => countJobs(db.main),
  };
}

async function endWithin(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
