/**
 * Entry of a runner: a locked-down process with one Python interpreter that answers frames on stdin
 * with frames on stdout. It ends by itself when stdin closes, so it never outlives its host.
 *
 * Arguments: path of the snapshot, bytes of memory, the number of bytes of grown memory after which
 * it asks to be replaced, directory of Pyodide. File descriptor 3 is the flight recorder: before
 * Python is entered the id of the run is written there, so that the host knows whom to blame for a
 * runner that hangs.
 */

import { readFileSync, writeSync } from "node:fs";
import { createFrameReader, encodeFrame, encodeFrameOfBytes, type Frame } from "../frames.ts";
import { FROM_RUNNER, TO_RUNNER } from "../protocol.ts";
import { bootInterpreter } from "./boot.ts";
import { createGuest, type Guest, type RunAnswer } from "./interpreter.ts";
import { capMemory, dropUnneededPowers } from "./lockdown.ts";
import { createWaits } from "./waits.ts";

const RECORDER_FD = 3;
/** Answers are sent together, but none is held back for longer than this while others run. */
const FLUSH_AFTER_MS = 2;
/** The host kills a runner that is silent for longer than any of its runs may compute. */
const SIGN_OF_LIFE_AFTER_MS = 50;
/** Time for an interrupted run to leave and to put its outcome into words. */
const INTERRUPT_AGAIN_MS = 100;
const HASH_BYTES = 32;

const [snapshotPath = "", memoryBytes = "", spentBytes = "", pyodideDir = ""] = process.argv.slice(2);

capMemory(Number(memoryBytes));
const snapshot = readFileSync(snapshotPath);
const interpreter = await bootInterpreter({ pyodideDir, snapshot: snapshot.subarray(0, snapshot.length - HASH_BYTES) });

/** When the code in the interpreter must have given it up, in `performance.now()` time. */
let deadline = Number.POSITIVE_INFINITY;
/** Whether what is in the interpreter was interrupted since it was entered. */
let interrupted = false;
const INTERRUPT = 2; // SIGINT: KeyboardInterrupt

/** Python looks at index 0 every few dozen steps. Code that goes on is interrupted again and again. */
interpreter.setInterruptBuffer({
  get 0() {
    const now = performance.now();
    if (now <= deadline) return 0;
    interrupted = true;
    deadline = now + INTERRUPT_AGAIN_MS;
    return INTERRUPT;
  },
  set 0(_seen) {
    // Pyodide puts 0 back; without a setter it takes the error for "no signal".
  },
});

const recorded = Buffer.alloc(4);
const cpuMsOfRuns = new Map<number, number>();
/** Runs that came in the frame of another, by the id of that: they begin when it has opened its gate. */
const nextRuns = new Map<number, { readonly id: number; readonly cpuMs: number }>();

/** Notes whom to blame when nothing more is heard of this process. */
function recordRun(runId: number): void {
  recorded.writeUInt32LE(runId);
  writeSync(RECORDER_FD, recorded, 0, 4, 0);
}

/** Before any Python of the run: starts its clock. */
function enterRun(runId: number): void {
  // Runs that are woken together go on one after the other, and a ping is not read before the last has given way.
  if (performance.now() - flushedAt > SIGN_OF_LIFE_AFTER_MS) {
    send(encodeFrame(FROM_RUNNER.pong, 0));
    flush();
  }
  recordRun(runId);
  interrupted = false;
  deadline = performance.now() + (cpuMsOfRuns.get(runId) ?? 0);
}

function leaveRun(): void {
  deadline = Number.POSITIVE_INFINITY;
}

/** Before Python gives way: whoever waits is not to blame for what happens meanwhile. */
function suspendRun(): void {
  leaveRun();
  recordRun(0);
  saySpent();
}

const outbox: Buffer[] = [];
let flushedAt = performance.now();

function send(frame: Buffer): void {
  outbox.push(frame);
}

function flush(): void {
  flushedAt = performance.now();
  if (outbox.length === 0) return;
  const bytes = outbox.length === 1 ? (outbox[0] as Buffer) : Buffer.concat(outbox);
  outbox.length = 0;
  process.stdout.write(bytes);
}

const waits = createWaits({
  ask(runId, callId, name, args) {
    send(encodeFrame(FROM_RUNNER.hostCall, runId, `{"call":${callId},"name":${JSON.stringify(name)},"args":${args}}`));
    flush();
  },
});

const guest: Guest = createGuest(interpreter, {
  call(runId, name, args) {
    suspendRun();
    return waits.call(runId, name, args);
  },
  sleep(runId, milliseconds) {
    suspendRun();
    return waits.sleep(runId, milliseconds);
  },
  resumed: enterRun,
});

const LATE_OUTCOME = Buffer.from(
  JSON.stringify({
    status: "limit",
    limit: "cpu",
    message: "the code computed for longer than it may",
    log: [],
    compared: [],
  }),
);
let saidSpent = false;

/** Asks to be replaced when the memory has grown; a run that waits may hold it for long. */
function saySpent(): void {
  if (saidSpent || guest.memoryBytes() <= Number(spentBytes)) return;
  saidSpent = true;
  send(encodeFrame(FROM_RUNNER.spent, 0));
  flush();
}

function endRun(runId: number, outcome: Buffer): void {
  cpuMsOfRuns.delete(runId);
  waits.forget(runId);
  send(outcome);
  saySpent();
  const next = nextRuns.get(runId);
  if (next === undefined) return;
  nextRuns.delete(runId);
  if (performance.now() - flushedAt > FLUSH_AFTER_MS) flush();
  enter(next.id, next.cpuMs, () => guest.runNext(next.id));
}

const PREFIX_BYTES = 12;

/** The blob begins with what is needed before the head is parsed. */
function startRun(runId: number, head: Buffer, blob: Buffer): void {
  const nextId = blob.readUInt32LE(4);
  if (nextId !== 0) nextRuns.set(runId, { id: nextId, cpuMs: blob.readUInt32LE(8) });
  enter(runId, blob.readUInt32LE(0), () => guest.run(runId, head, blob.subarray(PREFIX_BYTES)));
}

function enter(runId: number, cpuMs: number, run: () => RunAnswer | "shut"): void {
  cpuMsOfRuns.set(runId, cpuMs);
  enterRun(runId);
  const answer = runGuarded(runId, run);
  leaveRun();
  switch (answer) {
    case "shut":
      cpuMsOfRuns.delete(runId);
      return;
    case "missing":
      cpuMsOfRuns.delete(runId);
      nextRuns.delete(runId);
      return send(encodeFrame(FROM_RUNNER.missing, runId));
    case "mustWait":
      return void runWaiting(runId);
    default:
      endRun(runId, encodeFrameOfBytes(FROM_RUNNER.outcome, runId, answer));
  }
}

/** The interrupt may come after the program, while its outcome is put into words. */
function runGuarded(runId: number, run: () => RunAnswer | "shut"): RunAnswer | "shut" {
  try {
    return run();
  } catch (error) {
    if (!interrupted) die(error);
    dropNext(runId);
    return LATE_OUTCOME;
  }
}

function dropNext(runId: number): void {
  const next = nextRuns.get(runId);
  if (next === undefined) return;
  nextRuns.delete(runId);
  guest.dropNext(next.id);
}

async function runWaiting(runId: number): Promise<void> {
  waits.start(runId);
  enterRun(runId);
  const ended = guest.runWaiting(runId);
  leaveRun();
  try {
    endRun(runId, encodeFrame(FROM_RUNNER.outcome, runId, await ended));
  } catch (error) {
    if (!interrupted) die(error);
    dropNext(runId);
    endRun(runId, encodeFrameOfBytes(FROM_RUNNER.outcome, runId, LATE_OUTCOME));
  }
  suspendRun();
  flush();
}

function answerFrame({ kind, id, head, blob }: Frame): void {
  switch (kind) {
    case TO_RUNNER.load:
      recordRun(id);
      guest.load(head);
      break;
    case TO_RUNNER.run:
      startRun(id, head, blob);
      break;
    case TO_RUNNER.check:
      recordRun(id);
      send(encodeFrame(FROM_RUNNER.checked, id, guest.check(head)));
      break;
    case TO_RUNNER.answer:
      waits.answer(id, blob.readUInt32LE(0), blob.toString("utf8", 4));
      break;
    case TO_RUNNER.cancel:
      dropNext(id);
      waits.cancel(id);
      break;
    case TO_RUNNER.ping:
      // With the id of a run: says that it is not here. Of one that is here an outcome will come.
      send(encodeFrame(FROM_RUNNER.pong, cpuMsOfRuns.has(id) ? 0 : id));
      break;
  }
  if (performance.now() - flushedAt > FLUSH_AFTER_MS) flush();
}

/** The interpreter cannot go on: the host reads the reason in the log and starts another runner. */
function die(error: unknown): never {
  writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}

process.on("uncaughtException", die);
process.on("unhandledRejection", die);
dropUnneededPowers();

const readFrames = createFrameReader(() => Number.MAX_SAFE_INTEGER);
process.stdin.on("data", (chunk: Buffer) => {
  flushedAt = performance.now();
  for (const frame of readFrames(chunk)) answerFrame(frame);
  recordRun(0);
  flush();
});
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
send(encodeFrame(FROM_RUNNER.ready, 0));
flush();
