/**
 * Two pools: one for all programs, and one runner apart, started when it is needed, for those in
 * quarantine. A program that loops holds up whoever shares its runner for its whole CPU limit each
 * time it is called: measured with two callers, healthy neighbours went from 10 ms to 2.5 s.
 */

import { createPool, type Pool, type PoolOptions } from "./pool.ts";
import type { Quarantine } from "./quarantine.ts";
import type { SandboxStatus } from "./sandbox.ts";
import type { Task } from "./task.ts";

const SWEEP_MS = 1_000;
const IDLE_GRACE_MS = 2_000;

export function createLanes(given: PoolOptions, quarantine: Quarantine): Pool {
  const options: PoolOptions = { ...given, onCulprit: (task) => quarantine.add(task.program.key) };
  const common = createPool(options);
  let apart: Pool | null = null;
  /** Pools on their way out, and what those that are gone have counted. */
  const closing = new Set<Promise<void>>();
  let earlierRestarts = 0;
  const sweeper = setInterval(sweep, SWEEP_MS);
  sweeper.unref();

  function choosePool(task: Task): Pool {
    for (let run: Task | null = task; run !== null; run = run.next) {
      if (quarantine.has(run.program.key)) return (apart ??= createPool({ ...options, runners: 1 }));
    }
    return common;
  }

  /** The runner apart takes as much memory as any: it goes when nobody is in quarantine any more. */
  function sweep(): void {
    if (!quarantine.isEmpty() || apart === null || apart.status().running > 0) return;
    const pool = apart;
    apart = null;
    earlierRestarts += pool.status().restarts;
    const closed = pool.close(IDLE_GRACE_MS).finally(() => closing.delete(closed));
    closing.add(closed);
  }

  return {
    submit: (task) => choosePool(task).submit(task),
    status(): SandboxStatus {
      const main = common.status();
      const other = apart?.status();
      return {
        ready: main.ready,
        runners: main.runners + (other?.runners ?? 0),
        running: main.running + (other?.running ?? 0),
        restarts: main.restarts + (other?.restarts ?? 0) + earlierRestarts,
      };
    },
    async close(graceMs) {
      clearInterval(sweeper);
      await Promise.all([common.close(graceMs), apart?.close(graceMs), ...closing]);
    },
  };
}
