/** One runner with the tasks on it: whether it is alive, and whom to blame when it is not. */

import type { RunnerEnd, RunnerProcess } from "./runner-process.ts";
import type { Task } from "./task.ts";

/** A runner is ready after 0.3 s; on a machine that is overloaded it takes many times as long. */
const BOOT_MS = 60_000;
/** Silence that is no reason to ask, in milliseconds. */
const QUIET_MS = 100;
/** A runner with work must be heard of this much after its work's CPU limit. */
const HANG_GRACE_MS = 400;

export interface Runner {
  readonly process: RunnerProcess;
  ready: boolean;
  /** Its memory has grown: another is being started in its place. */
  spent: boolean;
  /** Takes no new tasks; ends when it has none. */
  draining: boolean;
  readonly tasks: Map<number, Task>;
  /** Tasks that ended for the host but may still be in the interpreter: until when they may. */
  readonly leaving: Map<number, number>;
  /** Ids of runs that may have begun after a task that was leaving: what is said of them is not heard. */
  readonly unwanted: Set<number>;
  /** Keys of the programs that it was sent. */
  readonly loaded: Set<string>;
  readonly startedAt: number;
  /** When it was asked for a sign of life that has not come yet. */
  pingedAt: number | null;
}

/** A runner that was just started. */
export function createRunner(process: RunnerProcess): Runner {
  return {
    process,
    ready: false,
    spent: false,
    draining: false,
    tasks: new Map(),
    leaving: new Map(),
    unwanted: new Set(),
    loaded: new Set(),
    startedAt: performance.now(),
    pingedAt: null,
  };
}

/**
 * The task that took the runner down, null when none did. What the flight recorder says is believed
 * only of a runner that kept to the protocol.
 */
export function findCulprit(runner: Runner, why: RunnerEnd): Task | null {
  const recorded = runner.process.readRecorder();
  if (why !== "distrusted") {
    const named = runner.tasks.get(recorded);
    if (named !== undefined) return named;
    // It died while no program was in it, or one that was given up already is the one.
    if (recorded === 0 ? why === "died" : runner.leaving.has(recorded) || runner.unwanted.has(recorded)) return null;
  }
  for (const task of runner.tasks.values()) if (!task.suspended) return task;
  return null;
}

/** Whether a task that ended for the host has not left the interpreter in the time it had. */
export function isStuck(runner: Runner, now: number): boolean {
  for (const until of runner.leaving.values()) if (now >= until) return true;
  return false;
}

/** @param leastCpuMs CPU limit of tasks that are leaving: theirs is not known any more */
export function feelPulse(runner: Runner, now: number, leastCpuMs: number): "alive" | "ask" | "hung" {
  if (!runner.ready) return now - runner.startedAt < BOOT_MS ? "alive" : "hung";
  if (runner.tasks.size === 0 && runner.leaving.size === 0) return "alive";
  if (runner.pingedAt === null) return now - runner.process.heardAt < QUIET_MS ? "alive" : "ask";
  let cpuMs = runner.leaving.size > 0 ? leastCpuMs : 0;
  for (const task of runner.tasks.values()) cpuMs = Math.max(cpuMs, task.limits.cpuMs);
  const silentMs = now - Math.max(runner.pingedAt, runner.process.heardAt);
  return silentMs > cpuMs * 1.2 + HANG_GRACE_MS ? "hung" : "alive";
}
