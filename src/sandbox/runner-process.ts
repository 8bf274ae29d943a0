/**
 * One runner as the host sees it: a child process that frames are sent to and messages come from.
 * It knows nothing of runs; `pool.ts` does.
 */

import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FrameError, createFrameReader } from "./frames.ts";
import { launchLocked, PYODIDE_DIR } from "./launch.ts";
import { ProtocolError, parseMessage, type RunnerMessage } from "./protocol.ts";
import type { SandboxLogger } from "./sandbox.ts";

/** Of what a runner writes to stderr, so much is logged; the rest of its life it is ignored. */
const MAX_STDERR_BYTES = 16 * 1024;

export type RunnerEnd =
  /** The process ended by itself: a fatal error of the interpreter. */
  | "died"
  /** It broke the protocol and was killed. */
  | "distrusted"
  /** It gave no sign of life and was killed. */
  | "hung"
  /** It was told to end. */
  | "stopped";

export interface RunnerProcess {
  readonly pid: number | undefined;
  /** Largest frame that is accepted from it, in bytes. */
  frameCap: number;
  /** When it was last heard of, in `performance.now()` time. */
  readonly heardAt: number;
  /** Queues a frame; all frames of one turn of the event loop leave together. */
  send(frame: Buffer): void;
  /** Id of the run that is in the interpreter, 0 for none. Only a hint: the runner writes it. */
  readRecorder(): number;
  /** Processor time of all its threads so far, in milliseconds; null where the system does not tell. */
  readCpuMs(): number | null;
  kill(why: RunnerEnd): void;
}

interface RunnerOptions {
  /** Absolute path of the script that the process runs. */
  readonly entry: string;
  readonly snapshotPath: string;
  readonly memoryBytes: number;
  readonly cacheDir: string;
  readonly frameCap: number;
  readonly logger: SandboxLogger;
  /** May throw ProtocolError: the runner is then killed as distrusted. */
  onMessage(message: RunnerMessage): void;
  /** Called once, when the process is gone. */
  onEnd(why: RunnerEnd): void;
}

/** The interpreter's memory starts at about 30 MiB; past this share of its cap it is worth replacing. */
const SPENT_SHARE = 0.6;

export function startRunner(options: RunnerOptions): RunnerProcess {
  const { snapshotPath, memoryBytes, logger } = options;
  const recorder = openRecorder(options.cacheDir);
  const args = [snapshotPath, String(memoryBytes), String(Math.floor(memoryBytes * SPENT_SHARE)), PYODIDE_DIR];
  const child = launchLocked(options.entry, args, [snapshotPath], [recorder]);
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error("a runner has no pipes");

  let end: RunnerEnd | null = null;
  let gone = false;
  let heardAt = performance.now();
  let outbox: Buffer[] = [];

  function flush(): void {
    const frames = outbox;
    outbox = [];
    if (!gone) stdin?.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  function kill(why: RunnerEnd): void {
    end ??= why;
    child.kill("SIGKILL");
  }

  const readFrames = createFrameReader(() => runner.frameCap);
  stdout.on("data", (chunk: Buffer) => {
    // What arrives after it was told off does not count any more.
    if (end !== null) return;
    heardAt = performance.now();
    try {
      for (const frame of readFrames(chunk)) options.onMessage(parseMessage(frame));
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof FrameError)) throw error;
      logger.error({ pid: child.pid, reason: error.message }, "a runner broke the protocol");
      kill("distrusted");
    }
  });

  let stderrBytes = 0;
  stderr.on("data", (chunk: Buffer) => {
    const room = MAX_STDERR_BYTES - stderrBytes;
    stderrBytes += chunk.length;
    if (room > 0) logger.warn({ pid: child.pid, text: chunk.toString("utf8", 0, room) }, "a runner wrote to stderr");
  });

  function finish(): void {
    if (gone) return;
    gone = true;
    options.onEnd(end ?? "died");
    closeSync(recorder);
  }
  // A pipe that breaks is followed by `close`, which is where the runner's runs are taken care of.
  stdin.on("error", (error) => logger.info({ pid: child.pid, reason: error.message }, "a runner's pipe broke"));
  child.once("error", (error) => {
    logger.error({ err: error }, "a runner could not be started");
    finish();
  });
  child.once("close", finish);

  const runner: RunnerProcess = {
    pid: child.pid,
    frameCap: options.frameCap,
    get heardAt() {
      return heardAt;
    },
    send(frame) {
      outbox.push(frame);
      if (outbox.length === 1) setImmediate(flush);
    },
    readRecorder() {
      const bytes = Buffer.alloc(4);
      return readSync(recorder, bytes, 0, 4, 0) === 4 ? bytes.readUInt32LE() : 0;
    },
    readCpuMs: () => readCpuMs(child.pid),
    kill,
  };
  return runner;
}

/** Linux counts in hundredths of a second. */
function readCpuMs(pid: number | undefined): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null; // another system, or it is gone: then its end is told elsewhere
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/**
 * The flight recorder: four bytes that the runner overwrites before it enters Python and the host
 * reads when the runner hangs or dies. A file, because the writer must not need its event loop and
 * the reader need not listen. (Messages on a pipe would cost the host a wake-up per run.)
 */
function openRecorder(cacheDir: string): number {
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  const path = join(cacheDir, `.recorder-${randomUUID()}`);
  const fd = openSync(path, "wx+", 0o600);
  rmSync(path);
  return fd;
}
