/** One runner with the tasks on it: whether it is alive, and whom to blame when it is not. */

import { encodeFrame } from "./frames.ts";
import { TO_RUNNER } from "./protocol.ts";
import type { RunnerEnd, RunnerProcess } from "./runner-process.ts";
import type { Task } from "./task.ts";

/** A runner is ready after 0.3 s; on a machine that is overloaded it takes many times as long. */
const BOOT_MS = 60_000;
/** Silence that is no reason to ask, in milliseconds. */
const QUIET_MS = 100;
/** A runner with work must be heard of this much after its work's CPU limit. */
const HANG_GRACE_MS = 400;
/**
 * An overloaded machine can keep a runner silent that has had no chance to answer. So it is hung once it used
 * as much processor time as it may, or was silent for this many times as long.
 */
const STARVED_TIMES = 5;

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
  /**
   * Ids of runs that may have begun after a task that was leaving: what is said of them is not heard. They
   * stay until their outcome comes, or until the runner says that it does not have them.
   */
  readonly unwanted: Set<number>;
  /** Keys of the programs that it was sent. */
  readonly loaded: Set<string>;
  readonly startedAt: number;
  /** When it was asked for a sign of life that has not come yet. */
  pingedAt: number | null;
  /** Its processor time then; null where that is not known. */
  cpuMsAtPing: number | null;
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
    cpuMsAtPing: null,
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

/** Asks for a sign of life. */
export function ask(runner: Runner, now: number): void {
  runner.pingedAt = now;
  runner.cpuMsAtPing = runner.process.readCpuMs();
  runner.process.send(encodeFrame(TO_RUNNER.ping, 0));
}

/** @param leastCpuMs CPU limit of runs that were given up: theirs is not known any more */
export function feelPulse(runner: Runner, now: number, leastCpuMs: number): "alive" | "ask" | "hung" {
  if (!runner.ready) return now - runner.startedAt < BOOT_MS ? "alive" : "hung";
  const givenUp = runner.leaving.size + runner.unwanted.size;
  if (runner.tasks.size === 0 && givenUp === 0) return "alive";
  if (runner.pingedAt === null) return now - runner.process.heardAt < QUIET_MS ? "alive" : "ask";
  let cpuMs = givenUp > 0 ? leastCpuMs : 0;
  for (const task of runner.tasks.values()) cpuMs = Math.max(cpuMs, task.limits.cpuMs);
  const silentMs = now - Math.max(runner.pingedAt, runner.process.heardAt);
  const patienceMs = cpuMs * 1.2 + HANG_GRACE_MS;
  if (silentMs <= patienceMs) return "alive";
  return silentMs > patienceMs * STARVED_TIMES || usedMs(runner) > patienceMs ? "hung" : "alive";
}

/** Processor time since it was asked; endless where that is not known. */
function usedMs({ process, cpuMsAtPing }: Runner): number {
  const cpuMs = process.readCpuMs();
  return cpuMs === null || cpuMsAtPing === null ? Number.POSITIVE_INFINITY : cpuMs - cpuMsAtPing;
}
