/** The limits of a run: filled in and checked in one place, with their units in their names. */

import type { Limits } from "./sandbox.ts";

export const DEFAULT_LIMITS: Limits = {
  cpuMs: 1_000,
  wallMs: 30_000,
  resultBytes: 1024 * 1024,
  logBytes: 64 * 1024,
};

const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024;
/** A runner starts with about 31 MiB of interpreter: less than this could run nothing. */
const LEAST_MEMORY_BYTES = 64 * 1024 * 1024;

/** Fills what is absent from `base`. Throws RangeError for what is not a positive number. */
export function normalizeLimits(given: Partial<Limits> | undefined, base: Limits = DEFAULT_LIMITS): Limits {
  if (given === undefined) return base;
  return {
    cpuMs: positive("cpuMs", given.cpuMs ?? base.cpuMs),
    wallMs: positive("wallMs", given.wallMs ?? base.wallMs),
    resultBytes: positive("resultBytes", given.resultBytes ?? base.resultBytes),
    logBytes: positive("logBytes", given.logBytes ?? base.logBytes),
  };
}

/** Bytes of interpreter memory a runner may have. Throws RangeError when it is too little to start. */
export function normalizeMemory(bytes: number | undefined): number {
  const memory = positive("memoryBytes", bytes ?? DEFAULT_MEMORY_BYTES);
  if (memory < LEAST_MEMORY_BYTES) throw new RangeError(`memoryBytes must be at least ${LEAST_MEMORY_BYTES}`);
  return memory;
}

/** Arguments of a host call are the most of it: host.py lets 6 MiB through. */
const MOST_OTHER_BYTES = 7 * 1024 * 1024;

/**
 * The largest frame an honest runner sends for a run, in bytes: the result twice over (its JSON is
 * quoted once more), the log with every character escaped, and room for all that is bounded on its
 * own: message, traceback, texts that were compared with a secret, arguments of a host call.
 */
export function frameCap(limits: Limits): number {
  return 2 * limits.resultBytes + 6 * limits.logBytes + MOST_OTHER_BYTES;
}

function positive(name: string, value: number): number {
  if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name} must be a positive number, not ${value}`);
  return Math.ceil(value);
}
