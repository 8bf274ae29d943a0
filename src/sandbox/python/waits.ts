/** What suspended runs wait for: timers and answers of the host. */

const CANCELLED = "cancelled";

export interface Waits {
  start(runId: number): void;
  call(runId: number, name: string, args: string): Promise<string>;
  sleep(runId: number, milliseconds: number): Promise<string>;
  /** The host's answer to a call, as JSON. An answer nobody waits for is dropped. */
  answer(runId: number, callId: number, json: string): void;
  /** Wakes the run with "cancelled", now and whenever it waits again. */
  cancel(runId: number): void;
  forget(runId: number): void;
}

interface Waiting {
  cancelled: boolean;
  lastCallId: number;
  timer: NodeJS.Timeout | undefined;
  wake: ((text: string) => void) | null;
}

/** @param host `ask` passes a host call on; its answer comes back through `answer` */
export function createWaits(host: { ask(runId: number, callId: number, name: string, args: string): void }): Waits {
  const runs = new Map<number, Waiting>();

  /** A run waits for one thing at a time: it is one thread of Python. */
  function wait(runId: number, begin: (run: Waiting) => void): Promise<string> {
    return new Promise((resolve) => {
      const run = runs.get(runId);
      if (run === undefined || run.cancelled || run.wake !== null) {
        resolve(CANCELLED);
        return;
      }
      run.wake = (text) => {
        run.wake = null;
        clearTimeout(run.timer);
        resolve(text);
      };
      begin(run);
    });
  }

  return {
    start(runId) {
      runs.set(runId, { cancelled: false, lastCallId: 0, timer: undefined, wake: null });
    },
    call: (runId, name, args) =>
      wait(runId, (run) => {
        run.lastCallId += 1;
        host.ask(runId, run.lastCallId, name, args);
      }),
    sleep: (runId, milliseconds) =>
      wait(runId, (run) => {
        run.timer = setTimeout(() => run.wake?.(""), milliseconds);
      }),
    answer(runId, callId, json) {
      const run = runs.get(runId);
      if (run?.lastCallId === callId) run.wake?.(json);
    },
    cancel(runId) {
      const run = runs.get(runId);
      if (run === undefined) return;
      run.cancelled = true;
      run.wake?.(CANCELLED);
    },
    forget(runId) {
      runs.delete(runId);
    },
  };
}
