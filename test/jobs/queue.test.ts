import { once } from "node:events";
import { afterEach, expect, it, vi } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { createJobQueue, type JobTimings } from "../../src/jobs/job-queue.ts";
import type { JobHandler, JobKind } from "../../src/jobs/queue.ts";
import { silentLogger, type Logger } from "../../src/lib/logger.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { SHORT_TIMINGS } from "./timings.ts";

const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 10_000 });

const NOW = Date.UTC(2026, 10, 24);

describeEachDatabase(({ openFreshDatabase }) => {
  const stops: (() => PromiseLike<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  async function open() {
    const db = await openFreshDatabase();
    stops.push(() => db[Symbol.asyncDispose]());
    const clock = { time: NOW, now: () => clock.time };
    return { db, clock };
  }

  interface Given {
    readonly kinds?: readonly JobKind[];
    readonly timings?: Partial<JobTimings>;
    readonly logger?: Logger;
    /** Another owner, as another process would be. */
    readonly owner?: string;
  }

  function createQueue({ db, clock }: Awaited<ReturnType<typeof open>>, given: Given = {}) {
    const { kinds = [{ name: "work" }], timings, logger = silentLogger, owner } = given;
    const seen: Database = owner ? { ...db, getOwner: () => ({ id: owner, hasEnded: null }) } : db;
    const all = { ...SHORT_TIMINGS, ...timings };
    const queue = createJobQueue({ db: seen, clock, logger, kinds, timings: all });
    stops.push(() => queue.stop(0));
    return queue;
  }

  const readJobs = (db: Database) => db.main.selectFrom("jobs").selectAll().orderBy("id").execute();
  const whenGone = (db: Database) => eventually(async () => expect(await readJobs(db)).toEqual([]));

  /** A handler that tells of each start and ends when told to. */
  function createHandler() {
    const begun: { number: unknown; attempt: number; signal: AbortSignal; jobId: number }[] = [];
    const ends: PromiseWithResolvers<void>[] = [];
    const handler: JobHandler = async ({ number }, { attempt, signal, jobId }) => {
      const end = Promise.withResolvers<void>();
      ends.push(end);
      begun.push({ number, attempt, signal, jobId });
      await end.promise;
    };
    const waitFor = (count: number) => eventually(() => expect(begun).toHaveLength(count));
    return { begun, ends, handler, waitFor };
  }

  it("runs a job once its transaction is committed, and deletes it when it is done", async () => {
    const place = await open();
    const queue = createQueue(place, { timings: { pollMs: 60_000 } });
    const { handler, begun, ends, waitFor } = createHandler();
    queue.start({ work: handler });
    await place.db.main.transaction().execute(async (trx) => {
      expect(await queue.add(trx, "work", { number: 1 })).toBe(true);
    });
    await waitFor(1);
    expect(begun[0]).toMatchObject({ number: 1, attempt: 1 });
    expect(await queue.count()).toEqual([{ kind: "work", waiting: 0, taken: 1, failed: 0 }]);
    ends[0]?.resolve();
    await whenGone(place.db);
  });

  it("adds nothing when the transaction is rolled back", async () => {
    const place = await open();
    const queue = createQueue(place);
    const undone = place.db.main.transaction().execute(async (trx) => {
      await queue.add(trx, "work", {});
      await queue.addTaken(trx, "work", {});
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect(await readJobs(place.db)).toEqual([]);
  });

  it("waits for the time of a job", async () => {
    const place = await open();
    const queue = createQueue(place);
    const { handler, begun, ends, waitFor } = createHandler();
    queue.start({ work: handler });
    await queue.add(place.db.main, "work", { number: "late" }, { runAt: NOW + 1000 });
    await queue.add(place.db.main, "work", { number: "now" });
    await waitFor(1);
    place.clock.time += 1000;
    await waitFor(2);
    expect(begun.map(({ number }) => number)).toEqual(["now", "late"]);
    for (const end of ends) end.resolve();
    await whenGone(place.db);
  });

  it("adds one job for a key while it waits or runs", async () => {
    const place = await open();
    const queue = createQueue(place, { kinds: [{ name: "work" }, { name: "other" }] });
    const { handler, ends, waitFor } = createHandler();
    const add = (kind = "work") => queue.add(place.db.main, kind, {}, { key: "a" });
    expect([await add(), await add(), await add("other")]).toEqual([true, false, true]);
    queue.start({ work: handler, other: async () => undefined });
    await waitFor(1);
    expect(await add()).toBe(false);
    ends[0]?.resolve();
    await whenGone(place.db);
    expect(await add()).toBe(true);
    await waitFor(2);
    ends[1]?.resolve();
    await whenGone(place.db);
  });

  it("tries a failed job again later each time, then gives it up and keeps it with its error", async () => {
    const place = await open();
    const error = vi.fn<Logger["error"]>();
    const logger = Object.assign(Object.create(silentLogger) as Logger, { error });
    const queue = createQueue(place, {
      kinds: [{ name: "work", maxAttempts: 3 }],
      timings: { retryMs: 1000 },
      logger,
    });
    const attempts: number[] = [];
    queue.start({
      async work(_payload, { attempt }) {
        attempts.push(attempt);
        throw new Error(`no ${attempt}`);
      },
    });
    await queue.add(place.db.main, "work", {}, { key: "a" });
    const waits: number[] = [];
    for (const attempt of [1, 2]) {
      const job = await eventually(async () => {
        const [row] = await readJobs(place.db);
        expect(row).toMatchObject({ attempts: attempt, owner: null, error: `no ${attempt}` });
        return row;
      });
      waits.push(Number(job?.run_date) - place.clock.time);
      place.clock.time = Number(job?.run_date);
    }
    expect(waits).toEqual([1000, 4000]);
    await eventually(async () =>
      expect(await queue.count()).toEqual([{ kind: "work", waiting: 0, taken: 0, failed: 1 }]),
    );
    expect(await readJobs(place.db)).toMatchObject([{ error: "no 3", failed_date: place.clock.time, owner: null }]);
    expect(attempts).toEqual([1, 2, 3]);
    expect(error).toHaveBeenCalledWith(expect.objectContaining({ kind: "work", error: "no 3" }), expect.any(String));
    // One that was given up does not stand in the way of the next.
    expect(await queue.add(place.db.main, "work", {}, { key: "a" })).toBe(true);
  });

  it("gives up a job whose process died during each attempt, without running it", async () => {
    const place = await open();
    const queue = createQueue(place, { kinds: [{ name: "work", maxAttempts: 2 }] });
    const dead = { owner: "dead", lease_end: NOW - 1, attempts: 2 };
    await place.db.main
      .insertInto("jobs")
      .values({ kind: "work", payload: "{}", create_date: NOW, run_date: NOW, ...dead })
      .execute();
    queue.start({ work: () => expect.fail("it was run") });
    await eventually(async () =>
      expect(await readJobs(place.db)).toMatchObject([
        { failed_date: NOW, owner: null, error: "The process ended during each attempt" },
      ]),
    );
  });

  it("runs no more at a time than it may, of one kind and of all", async () => {
    const place = await open();
    const queue = createQueue(place, {
      kinds: [{ name: "narrow", limit: 2 }, { name: "wide" }],
      timings: { concurrency: 5 },
    });
    const narrow = createHandler();
    const wide = createHandler();
    for (let number = 0; number < 4; number++) await queue.add(place.db.main, "narrow", { number });
    for (let number = 0; number < 6; number++) await queue.add(place.db.main, "wide", { number });
    queue.start({ narrow: narrow.handler, wide: wide.handler });
    await eventually(() => expect([narrow.begun.length, wide.begun.length]).toEqual([2, 3]));
    narrow.ends[0]?.resolve();
    await narrow.waitFor(3);
    wide.ends[0]?.resolve();
    await wide.waitFor(4);
    expect(narrow.begun).toHaveLength(3);
    expect(narrow.begun.map(({ number }) => number)).toEqual([0, 1, 2]);
  });

  it("refuses handlers without kinds, kinds without handlers, and jobs of neither", async () => {
    const place = await open();
    const queue = createQueue(place);
    const work = async () => undefined;
    expect(() => queue.start({})).toThrow("work");
    expect(() => queue.start({ work, more: work })).toThrow("more");
    await expect(queue.add(place.db.main, "more", {})).rejects.toThrow("more");
    await expect(queue.addTaken(place.db.main, "more", {})).rejects.toThrow("more");
  });

  it("leaves jobs of unknown kinds alone and says so once", async () => {
    const place = await open();
    const newer = createQueue(place, { kinds: [{ name: "unknown" }], owner: "newer" });
    await newer.add(place.db.main, "unknown", {});
    const warn = vi.fn<Logger["warn"]>();
    const logger = Object.assign(Object.create(silentLogger) as Logger, { warn });
    const renewals = vi.spyOn(place.db.main, "updateTable");
    createQueue(place, { logger, timings: { heartbeatMs: 10 } }).start({ work: async () => undefined });
    await eventually(() => expect(warn).toHaveBeenCalledOnce());
    const before = renewals.mock.calls.length;
    await eventually(() => expect(renewals.mock.calls.length).toBeGreaterThan(before + 5));
    expect(warn).toHaveBeenCalledOnce();
    expect(await readJobs(place.db)).toMatchObject([{ kind: "unknown", owner: null, attempts: 0 }]);
  });

  it("aborts a handler whose lease another process has taken, and leaves the job to that", async () => {
    const place = await open();
    const first = createQueue(place, { owner: "first", timings: { heartbeatMs: 300 } });
    const slow = createHandler();
    first.start({ work: slow.handler });
    await first.add(place.db.main, "work", {});
    await slow.waitFor(1);
    // As if the first had stood still for longer than its lease.
    place.clock.time += SHORT_TIMINGS.leaseMs + 1;
    const second = createQueue(place, { owner: "second" });
    const next = createHandler();
    second.start({ work: next.handler });
    await next.waitFor(1);
    const signal = slow.begun[0]?.signal;
    if (!signal?.aborted) await once(signal ?? new EventTarget(), "abort");
    slow.ends[0]?.resolve();
    expect(next.begun[0]).toMatchObject({ attempt: 2, jobId: slow.begun[0]?.jobId });
    expect(await readJobs(place.db)).toMatchObject([{ owner: "second" }]);
    next.ends[0]?.resolve();
    await whenGone(place.db);
  });

  it("keeps the lease of a job that it has begun itself, until it is finished", async () => {
    const place = await open();
    const queue = createQueue(place);
    queue.start({ work: () => expect.fail("it was taken twice") });
    const id = await place.db.main.transaction().execute((trx) => queue.addTaken(trx, "work", { number: 1 }));
    place.clock.time += SHORT_TIMINGS.leaseMs / 2;
    await eventually(async () =>
      expect(await readJobs(place.db)).toMatchObject([{ id, lease_end: place.clock.time + SHORT_TIMINGS.leaseMs }]),
    );
    const signal = queue.signalOf(id);
    expect(await place.db.main.transaction().execute((trx) => queue.finish(trx, id))).toBe(true);
    expect(await queue.finish(place.db.main, id)).toBe(false);
    expect(await readJobs(place.db)).toEqual([]);
    expect(signal.aborted).toBe(false);
    expect(queue.signalOf(id).aborted).toBe(true);
  });

  it("takes up again a job whose finish was rolled back", async () => {
    const place = await open();
    const queue = createQueue(place);
    const { handler, begun, ends, waitFor } = createHandler();
    queue.start({ work: handler });
    const id = await queue.addTaken(place.db.main, "work", {});
    const undone = place.db.main.transaction().execute(async (trx) => {
      await queue.finish(trx, id);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    await waitFor(1);
    expect(begun[0]).toMatchObject({ jobId: id, attempt: 1 });
    ends[0]?.resolve();
    await whenGone(place.db);
  });

  it("hands a job that it has begun itself to the handler when it is given back", async () => {
    const place = await open();
    const queue = createQueue(place);
    const { handler, begun, ends, waitFor } = createHandler();
    queue.start({ work: handler });
    const id = await queue.addTaken(place.db.main, "work", {});
    await queue.giveBack(id);
    await waitFor(1);
    expect(begun[0]?.jobId).toBe(id);
    ends[0]?.resolve();
    await whenGone(place.db);
  });

  it("lets jobs end when it stops, then aborts the others and gives them back", async () => {
    const place = await open();
    const queue = createQueue(place, { owner: "first" });
    const quick = createHandler();
    const stubborn: JobHandler = (_payload, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    const handler: JobHandler = (payload, context) =>
      (payload["number"] === "quick" ? quick.handler : stubborn)(payload, context);
    queue.start({ work: handler });
    await queue.add(place.db.main, "work", { number: "stubborn" });
    await queue.add(place.db.main, "work", { number: "quick" });
    const own = await queue.addTaken(place.db.main, "work", { number: "own" });
    const ownSignal = queue.signalOf(own);
    await quick.waitFor(1);
    const stopped = queue.stop(300);
    await queue.add(place.db.main, "work", { number: "later" });
    quick.ends[0]?.resolve();
    await stopped;
    expect(ownSignal.aborted).toBe(true);
    const left = await readJobs(place.db);
    expect(left.map(({ payload }) => payload)).toEqual(
      ["stubborn", "own", "later"].map((number) => JSON.stringify({ number })),
    );
    // Not its fault: the attempt does not count, and nobody waits for the lease.
    for (const job of left) expect(job).toMatchObject({ owner: null, lease_end: null, attempts: 0, error: null });
    await expect(queue.addTaken(place.db.main, "work", {})).rejects.toMatchObject({ code: "unavailable" });
  });
});
