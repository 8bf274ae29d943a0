/**
 * The runners and the tasks on them: gives each task to the least busy runner, notices runners that
 * die, hang or misbehave, decides what becomes of their tasks, and starts runners anew.
 *
 * What becomes of the tasks of a runner that is gone: the one to blame ends; the others run once
 * more elsewhere when they made no host call yet (only host calls have effects, so that is safe),
 * else they are lost.
 */

import { createBackoff } from "../lib/backoff.ts";
import { encodeFrame } from "./frames.ts";
import { frameCap } from "./limits.ts";
import { ProtocolError, TO_RUNNER, type RunnerMessage } from "./protocol.ts";
import { ask, createRunner, feelPulse, findCulprit, isStuck, type Runner } from "./runner.ts";
import { startRunner, type RunnerEnd } from "./runner-process.ts";
import type { Limits, SandboxLogger, SandboxStatus } from "./sandbox.ts";
import { encodeProgram, type Task, type TaskEnding } from "./task.ts";
import { createTaskTimers } from "./task-timers.ts";

/** Tasks on one runner at once; suspended ones take memory, not time. */
const MOST_TASKS_PER_RUNNER = 2_000;
const MOST_WAITING = 2_000;
/** How long a task waits for a runner before it is told that none has time. */
const WAIT_MS = 15_000;
const TICK_MS = 100;
/** After its wall limit a task has this long to leave the interpreter; then the runner is replaced. */
const LEAVE_GRACE_MS = 2_000;
const MOST_LOADED = 1_000;

export interface PoolOptions {
  readonly runners: number;
  /** Absolute path of the script that a runner process runs. */
  readonly entry: string;
  /** Path of the memory that runners start from; it may have to be made first. */
  findSnapshot(): Promise<string>;
  readonly cacheDir: string;
  readonly memoryBytes: number;
  readonly limits: Limits;
  readonly logger: SandboxLogger;
  /** Called with the task that took a runner down. */
  onCulprit?(task: Task): void;
}

export interface Pool {
  submit(task: Task): void;
  status(): SandboxStatus;
  close(graceMs: number): Promise<void>;
}

export function createPool(options: PoolOptions): Pool {
  const { logger } = options;
  const runners = new Set<Runner>();
  const timers = createTaskTimers();
  const { waiting } = timers;
  let restarts = 0;
  let closing = false;
  let closed: (() => void) | null = null;
  const backoff = createBackoff();
  let tickedAt = performance.now();
  const ticker = setInterval(tick, TICK_MS);
  let snapshotPath: string | null = null;
  void prepareSnapshot();

  async function prepareSnapshot(): Promise<void> {
    try {
      snapshotPath = await options.findSnapshot();
      fillSlots();
    } catch (error) {
      logger.error({ err: error }, "there is no Python snapshot to start from");
      if (!closing) backoff.later(() => void prepareSnapshot());
    }
  }

  /** Starts runners until there are as many as wanted; those on their way out do not count. */
  function fillSlots(): void {
    if (closing || backoff.pending || snapshotPath === null) return;
    let missing = options.runners;
    for (const runner of runners) if (!runner.draining && !runner.spent) missing -= 1;
    try {
      for (; missing > 0; missing -= 1) addRunner(snapshotPath);
    } catch (error) {
      logger.error({ err: error }, "a runner could not be started");
      backoff.later(fillSlots);
    }
  }

  function addRunner(snapshot: string): void {
    const process = startRunner({
      ...options,
      snapshotPath: snapshot,
      frameCap: frameCap(options.limits),
      onMessage: (message) => takeMessage(runner, message),
      onEnd: (why) => removeRunner(runner, why),
    });
    const runner = createRunner(process);
    runners.add(runner);
  }

  function removeRunner(runner: Runner, why: RunnerEnd): void {
    runners.delete(runner);
    settleTasks(runner, why);
    if (why !== "stopped") {
      restarts += 1;
      logger.warn({ pid: runner.process.pid, why }, "a runner is gone");
    }
    if (closing) {
      if (runners.size === 0) closed?.();
      return;
    }
    if (runner.ready) fillSlots();
    else backoff.later(() => void prepareSnapshot()); // the one it had may be gone
  }

  function settleTasks(runner: Runner, why: RunnerEnd): void {
    if (why === "died" || why === "hung") catchUp(runner);
    const culprit = why === "stopped" ? null : findCulprit(runner, why);
    if (culprit) options.onCulprit?.(culprit);
    for (const task of runner.tasks.values()) {
      // Where it is known who did it, the others have not had their turn.
      if (culprit && task !== culprit) task.attempts -= 1;
      if (!closing && task !== culprit && task.hostCalls === 0 && task.attempts < 2) place(task);
      else if (task === culprit && why === "hung")
        finish(task, { status: "limit", limit: "cpu", message: "the code computed for longer than it may" });
      else finish(task, lost(task));
    }
    runner.tasks.clear();
  }

  function lost({ hostCalls }: Task): TaskEnding {
    return { status: "lost", message: "the interpreter ended under the code", mayRetry: hostCalls === 0 };
  }

  /** The run that took the runner down may have come after one whose outcome had no time to be sent. */
  function catchUp(runner: Runner): void {
    const recorded = runner.process.readRecorder();
    for (const task of runner.tasks.values()) {
      if (task.next?.id !== recorded) continue;
      task.passUnheard();
      runner.tasks.delete(task.id);
      timers.forget(task);
      return follow(task, runner);
    }
  }

  function drain(runner: Runner): void {
    if (runner.draining) return;
    runner.draining = true;
    fillSlots();
    stopIfDone(runner);
  }

  /** A spent runner works on until another is ready to take its place. */
  function drainOneSpent(): void {
    for (const runner of runners) if (runner.spent && !runner.draining) return drain(runner);
  }

  function stopIfDone(runner: Runner): void {
    if (runner.draining && runner.tasks.size === 0 && (runner.leaving.size === 0 || closing))
      runner.process.kill("stopped");
  }

  /** Gives the task to a runner, or lets it wait for one. */
  function place(task: Task): void {
    if (task.done) return;
    const runner = findRunner();
    if (runner !== null) return start(task, runner);
    if (closing || waiting.size >= MOST_WAITING) return finish(task, busy());
    timers.wait(task, Math.min(WAIT_MS, task.limits.wallMs), () => finish(task, busy()));
  }

  function findRunner(): Runner | null {
    let best: Runner | null = null;
    for (const runner of runners) {
      if (!runner.ready || runner.draining || runner.tasks.size >= MOST_TASKS_PER_RUNNER) continue;
      if (best === null || runner.tasks.size < best.tasks.size) best = runner;
    }
    return best;
  }

  function start(task: Task, runner: Runner): void {
    timers.stopWaiting(task);
    task.attempts += 1;
    runner.tasks.set(task.id, task);
    runner.process.frameCap = Math.max(runner.process.frameCap, frameCap(task.limits));
    timers.startClock(task, () => endAtWall(task));
    for (let run: Task | null = task; run !== null; run = run.next) {
      if (!runner.loaded.has(run.program.key)) load(run, runner);
    }
    runner.process.send(task.encode());
  }

  /** What comes after a task that opened its gate is on the runner already. */
  function follow(task: Task, runner: Runner): void {
    const { next } = task;
    if (!task.opened || next === null) return;
    next.attempts += 1;
    runner.tasks.set(next.id, next);
    timers.startClock(next, () => endAtWall(next));
  }

  function load(task: Task, runner: Runner): void {
    // The runner keeps as many; should it have dropped another one than this, it asks again.
    if (runner.loaded.size >= MOST_LOADED) runner.loaded.clear();
    runner.loaded.add(task.program.key);
    runner.process.send(encodeProgram(TO_RUNNER.load, task.id, task.program));
  }

  function startWaiting(): void {
    for (const task of waiting.keys()) {
      const runner = findRunner();
      if (runner === null) return;
      start(task, runner);
    }
  }

  function endAtWall(task: Task): void {
    for (const runner of runners) {
      if (runner.tasks.get(task.id) !== task) continue;
      runner.tasks.delete(task.id);
      runner.leaving.set(task.id, performance.now() + LEAVE_GRACE_MS);
      runner.process.send(encodeFrame(TO_RUNNER.cancel, task.id));
      if (task.next === null) continue;
      // Its outcome may be on the way already, and what comes after it has begun.
      const { id } = task.next;
      runner.unwanted.add(id);
      for (const kind of [TO_RUNNER.cancel, TO_RUNNER.ping]) runner.process.send(encodeFrame(kind, id));
    }
    finish(task, { status: "limit", limit: "wall", message: `the code took longer than ${task.limits.wallMs} ms` });
  }

  function finish(task: Task, ending: TaskEnding): void {
    timers.forget(task);
    task.end(ending);
  }

  function busy(): TaskEnding {
    return { status: "busy", message: "no interpreter has time for the code", retryAfterSeconds: backoff.seconds };
  }

  function takeMessage(runner: Runner, message: RunnerMessage): void {
    runner.pingedAt = null;
    switch (message.kind) {
      case "ready":
        runner.ready = true;
        backoff.reset();
        drainOneSpent();
        return startWaiting();
      case "pong":
        // It has read the cancellation, and does not have the run: nothing more will be said of it.
        return void runner.unwanted.delete(message.id);
      case "spent":
        runner.spent = true;
        return fillSlots();
      case "missing": {
        const task = findTask(runner, message.id);
        if (task === null) return;
        load(task, runner);
        runner.process.send(task.encode());
        return;
      }
      case "hostCall":
        findTask(runner, message.id)?.takeHostCall(message.call, message.name, message.args, (frame) => {
          runner.process.send(frame);
        });
        return;
      case "outcome":
      case "checked": {
        const task = findTask(runner, message.id);
        if (task === null) {
          runner.leaving.delete(message.id);
          runner.unwanted.delete(message.id);
        } else {
          if (message.kind === "outcome") task.takeOutcome(message.head);
          else task.takeProblem(message.problem);
          runner.tasks.delete(task.id);
          timers.forget(task);
          follow(task, runner);
        }
        stopIfDone(runner);
        if (waiting.size > 0) startWaiting();
      }
    }
  }

  /** The task a message is about; null for one that was given up. Throws for any other number. */
  function findTask(runner: Runner, id: number): Task | null {
    const task = runner.tasks.get(id);
    if (task !== undefined) return task;
    if (runner.leaving.has(id) || runner.unwanted.has(id)) return null;
    throw new ProtocolError("a message is about a run that this runner does not have");
  }

  function tick(): void {
    const now = performance.now();
    const late = now - tickedAt > 3 * TICK_MS;
    tickedAt = now;
    for (const runner of runners) {
      // After a pause of this process, answers may lie unread in the pipe: ask once more.
      if (late) runner.pingedAt = null;
      watch(runner, now);
    }
  }

  function watch(runner: Runner, now: number): void {
    if (isStuck(runner, now)) {
      if (!runner.draining) logger.warn({ pid: runner.process.pid }, "a program does not end: its runner is replaced");
      drain(runner);
      if (runner.tasks.size === 0) runner.process.kill("stopped");
    }
    switch (feelPulse(runner, now, options.limits.cpuMs)) {
      case "ask":
        return ask(runner, now);
      case "hung":
        return runner.process.kill("hung");
      case "alive":
    }
  }

  return {
    submit(task) {
      if (closing) finish(task, busy());
      else place(task);
    },
    status() {
      let running = 0;
      let ready = false;
      for (const runner of runners) {
        running += runner.tasks.size;
        ready ||= runner.ready && !runner.draining;
      }
      return { ready, runners: runners.size, running, restarts };
    },
    async close(graceMs) {
      closing = true;
      backoff.cancel();
      for (const task of waiting.keys()) finish(task, busy());
      const ended = new Promise<void>((resolve) => (closed = resolve));
      for (const runner of runners) {
        if (runner.ready) drain(runner);
        else runner.process.kill("stopped");
      }
      const killTimer = setTimeout(() => {
        for (const runner of runners) runner.process.kill("stopped");
      }, graceMs);
      if (runners.size > 0) await ended;
      clearTimeout(killTimer);
      clearInterval(ticker);
    },
  };
}
