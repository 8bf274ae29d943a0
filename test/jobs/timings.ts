import type { JobTimings } from "../../src/jobs/job-queue.ts";

/** Everything sooner than in earnest, in the same order. */
export const SHORT_TIMINGS: JobTimings = { leaseMs: 2000, heartbeatMs: 100, pollMs: 25, retryMs: 10, concurrency: 8 };
