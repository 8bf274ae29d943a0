/** The clocks of tasks: how long each waits for a runner, and how long it may take in all. */

import type { Task } from "./task.ts";

export interface TaskTimers {
  /** Tasks that wait for a runner, oldest first. */
  readonly waiting: ReadonlyMap<Task, unknown>;
  wait(task: Task, milliseconds: number, onLate: () => void): void;
  stopWaiting(task: Task): void;
  /** Starts the wall clock of a task; nothing happens when it runs already. */
  startClock(task: Task, onWall: () => void): void;
  /** Stops all clocks of a task. */
  forget(task: Task): void;
}

export function createTaskTimers(): TaskTimers {
  const waiting = new Map<Task, NodeJS.Timeout>();
  const clocks = new Map<Task, NodeJS.Timeout>();

  function stopWaiting(task: Task): void {
    clearTimeout(waiting.get(task));
    waiting.delete(task);
  }

  return {
    waiting,
    wait: (task, milliseconds, onLate) => void waiting.set(task, setTimeout(onLate, milliseconds)),
    stopWaiting,
    startClock(task, onWall) {
      if (!clocks.has(task)) clocks.set(task, setTimeout(onWall, task.limits.wallMs));
    },
    forget(task) {
      stopWaiting(task);
      clearTimeout(clocks.get(task));
      clocks.delete(task);
    },
  };
}
