/** What programs may ask of the tower while they run: host calls, found by name. */

import { GuestError, type HostCallHandler, type Json } from "../sandbox/sandbox.ts";
import type { CodeUser } from "./guest.ts";
import type { RecordUnit } from "./records/unit.ts";

/** For whom a program runs. The parent says so, never the program. */
export interface RunContext {
  /** What the program may do to records, and as whom; null where there are none. */
  readonly unit: RecordUnit | null;
  /** Who that is. */
  readonly user: CodeUser | null;
  /** The webhook call that it runs for. */
  readonly callId: string | null;
  /** How long the program may still run, in milliseconds. */
  readonly remainingMs: () => number;
}

export interface HostCallContext extends RunContext {
  /** Aborts when the run ends before its answer is there. */
  readonly signal: AbortSignal;
}

/**
 * Answers one host call. It checks `args` itself: they come from the guest. A GuestError becomes an
 * exception of the program; anything else is logged, and the program learns only that it failed.
 */
export type HostCall = (args: Json, context: HostCallContext) => Promise<Json>;

export type HostCalls = Readonly<Record<string, HostCall>>;

/** Binds host calls to one run. */
export function bindHostCalls(calls: HostCalls, context: RunContext): HostCallHandler {
  return (name, args, signal) => {
    const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
    if (!call) throw new GuestError("HostError", `${name} is not available here`);
    return call(args, { ...context, signal });
  };
}
