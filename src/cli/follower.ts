import type { CallLog, CallView } from "../calls/call.ts";
import type { Clock } from "../lib/clock.ts";

const BATCH = 500;
/** Longest that a call may take by default (30 s), and some time to write it. */
const LATE_MS = 40_000;
const SWEEP_EVERY = 10;
/** On a busy tower a sweep does not read more than this. */
const SWEEP_LIMIT = 5000;

/**
 * Reads the calls that are logged from now on. Ids sort by the time a call arrived, but a call is
 * logged when it has been answered: a slow one appears among calls that were seen before. So,
 * beside looking after the newest id, every tenth poll looks at the last 40 seconds once more.
 */
export function createFollower(callLog: CallLog, clock: Clock): { poll(): Promise<readonly CallView[]> } {
  let newest = firstIdAt(clock.now());
  const start = newest;
  const seen = new Set<string>();
  let polls = 0;

  async function readAfter(id: string, limit: number): Promise<CallView[]> {
    const found: CallView[] = [];
    for (let after = id; found.length < limit;) {
      const batch = await callLog.listAfter(after, BATCH);
      found.push(...batch);
      const last = batch.at(-1);
      if (!last || batch.length < BATCH) break;
      after = last.id;
    }
    return found;
  }

  return {
    async poll() {
      polls += 1;
      const sweepFrom = firstIdAt(clock.now() - LATE_MS);
      const isSweep = polls % SWEEP_EVERY === 0;
      const from = isSweep && sweepFrom < newest ? maximum(sweepFrom, start) : newest;
      const fresh = (await readAfter(from, SWEEP_LIMIT)).filter((call) => !seen.has(call.id));
      for (const { id } of fresh) {
        seen.add(id);
        newest = maximum(newest, id);
      }
      if (isSweep) for (const id of seen) if (id < sweepFrom) seen.delete(id);
      return fresh;
    },
  };
}

/** The smallest UUIDv7 of a millisecond. */
function firstIdAt(milliseconds: number): string {
  const hex = milliseconds.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

function maximum(a: string, b: string): string {
  return a > b ? a : b;
}
