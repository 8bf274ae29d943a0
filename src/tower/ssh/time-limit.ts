import type { CallLimits } from "./ssh.ts";

/** The longest that a timer can wait; AbortSignal.timeout would fire at once beyond it. */
const LONGEST_MS = 2 ** 31 - 1;

/** One signal for the time of a call and for its caller's wish to end it. */
export function createTimeLimit({ timeoutMs, signal }: CallLimits): AbortSignal {
  const signals = signal ? [signal] : [];
  if (timeoutMs !== undefined) signals.push(AbortSignal.timeout(Math.min(timeoutMs, LONGEST_MS)));
  return AbortSignal.any(signals);
}

/** Whether the signal fired because time was up. */
export function isTimeUp(signal: AbortSignal): boolean {
  return signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
}

/** @returns a function that takes the listener away again. An aborted signal calls at once. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** Whether the work was done before the time was. Never rejects, and leaves no timer. */
export async function isDoneWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const done = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The work's result, or the signal's reason as soon as it fires; the work itself goes on. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const forget = onAbort(signal, () => reject(new Error("stopped")));
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}
