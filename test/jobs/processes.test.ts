import { expect, it, vi } from "vitest";
import { openDatabase } from "../../src/db/open.ts";
import { createJobQueue } from "../../src/jobs/job-queue.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger as logger } from "../../src/lib/logger.ts";
import { startChild } from "../db/start-child.ts";
import { describeEachDatabase, type TestLocation } from "../support/databases.ts";
import { SHORT_TIMINGS } from "./timings.ts";

const SCRIPT = new URL("./child.ts", import.meta.url);

describeEachDatabase(({ dialect, createLocation }) => {
  async function open(location: TestLocation, leaseMs = SHORT_TIMINGS.leaseMs) {
    const db = await openDatabase({ ...location, logger });
    const timings = { ...SHORT_TIMINGS, leaseMs };
    const queue = createJobQueue({ db, clock: systemClock, logger, kinds: [{ name: "work" }], timings });
    return {
      db,
      queue,
      async [Symbol.asyncDispose]() {
        await queue.stop(0);
        await db.close();
      },
    };
  }

  it("gives each job to one process", async () => {
    await using location = await createLocation();
    await using here = await open(location);
    const children = [startChild("work", location, SCRIPT), startChild("work", location, SCRIPT)];
    for (const child of children) await child.waitFor("started");
    const read = () =>
      children.map(({ lines }) => lines.flatMap((line) => /^did (\d+)/.exec(line)?.[1] ?? []).map(Number));
    let added = 0;
    // Until each had a share, or this test says nothing.
    do {
      for (let count = 0; count < 50; count++) await here.queue.add(here.db.main, "work", { number: added++ });
      await vi.waitFor(async () => expect(await here.queue.count()).toEqual([]), { timeout: 20_000 });
    } while (read().some((numbers) => numbers.length === 0));
    for (const child of children) await child.kill();
    const done = read().flat();
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: added }, (_, index) => index));
  }, 60_000);

  it("takes over the job of a process that was killed", async () => {
    await using location = await createLocation();
    // On SQLite the lease is not waited for: an hour would be too long for this test.
    await using here = await open(location, dialect === "sqlite" ? 3_600_000 : SHORT_TIMINGS.leaseMs);
    await here.queue.add(here.db.main, "work", { number: 7 });
    const child = startChild("hang", location, SCRIPT);
    const [, id] = (await child.waitFor("began")).split(" ");
    const { promise, resolve } = Promise.withResolvers<unknown>();
    here.queue.start({ work: async (payload, { jobId, attempt }) => resolve({ payload, jobId, attempt }) });
    expect(await here.queue.count()).toEqual([{ kind: "work", waiting: 0, taken: 1, failed: 0 }]);
    await child.kill();
    expect(await promise).toEqual({ payload: { number: 7 }, jobId: Number(id), attempt: 2 });
  }, 30_000);

  it("leaves a job to the process that added it as taken, and goes on with it when that is killed", async () => {
    await using location = await createLocation();
    await using here = await open(location);
    const began: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    here.queue.start({
      async work(_payload, { jobId, attempt }) {
        began.push(jobId);
        expect(attempt).toBe(1);
        resolve();
      },
    });
    const child = startChild("own", location, SCRIPT);
    const [, id] = (await child.waitFor("has")).split(" ");
    // Longer than its lease: the child's heartbeats keep it.
    const { lease_end: first } = await here.db.main.selectFrom("jobs").select("lease_end").executeTakeFirstOrThrow();
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Number(first)), { timeout: 10_000 });
    expect(began).toEqual([]);
    await child.kill();
    await promise;
    expect(began).toEqual([Number(id)]);
  }, 30_000);
});
