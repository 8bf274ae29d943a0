import { HooktowerError } from "../../lib/errors.ts";

/** Code that begins runs in a loop and waits for none would fill the memory: each takes some kilobytes. */
const MAX_RUNS = 2000;

/** What this process is running: the way to stop it from here. By the id of its log. */
export interface RunState {
  readonly commands: Map<number, AbortController>;
  readonly plans: Map<number, AbortController>;
  /** Everything under way, to be waited for when the tower closes. Never rejects. */
  readonly ends: Set<Promise<unknown>>;
  /** Aborts when the tower closes: no plan begins another line. */
  readonly closing: AbortController;
}

export function createRunState(): RunState {
  return { commands: new Map(), plans: new Map(), ends: new Set(), closing: new AbortController() };
}

/** Remembers a run until it has ended. */
export function keepUntilEnd(state: RunState, end: Promise<unknown>): void {
  const settled = end.then(
    () => undefined,
    () => undefined,
  );
  state.ends.add(settled);
  void settled.then(() => state.ends.delete(settled));
}

/** @throws HooktowerError `unavailable` when too much is under way, or the tower closes */
export function assertRoom({ ends, closing }: RunState): void {
  if (closing.signal.aborted) throw new HooktowerError("unavailable", "The tower is closing: nothing new is run");
  if (ends.size >= MAX_RUNS)
    throw new HooktowerError("unavailable", `${MAX_RUNS} runs are under way, try again later`, {
      retryAfterSeconds: 5,
    });
}
