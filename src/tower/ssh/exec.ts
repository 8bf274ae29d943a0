import { constants } from "node:os";
import type { ClientChannel } from "ssh2";
import { buildExecutedLines, mergeStatuses } from "./command-line.ts";
import { formatPlace } from "./connect-errors.ts";
import { formatSeconds, SshError, withOutput } from "./errors.ts";
import { createOutputRecorder, type OutputRecorder } from "./output.ts";
import type { Pool } from "./pool.ts";
import { createRemoteProcess, type RemoteProcess } from "./remote-process.ts";
import { openSession, type Opener, type Session } from "./session.ts";
import type { ExecRequest, ExecResult, RunCommandRequest, SshTarget } from "./ssh.ts";
import { createTimeLimit, isDoneWithin, isTimeUp, onAbort } from "./time-limit.ts";

const DEFAULT_OUTPUT_BYTES = 1024 * 1024;
/** How long a killed command has to be gone, before it is said that it may not be. */
const KILL_MS = 5000;

/** How a line ended. */
interface LineEnd {
  readonly status: number;
  readonly signal: string | null;
}

/** @throws SshError; with what was printed, if anything was begun */
export async function exec(pool: Pool, target: SshTarget, request: ExecRequest): Promise<ExecResult> {
  for (const line of request.lines) refuseUnsendable(line);
  const limit = createTimeLimit(request);
  const recorder = createOutputRecorder(request.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES, request.onOutput);
  const ends: LineEnd[] = [];
  try {
    for (const line of request.lines) {
      const end = await runLine(pool, target, line, request, recorder, limit);
      ends.push(end);
      if (end.status !== 0) break;
    }
  } catch (error) {
    throw error instanceof SshError ? withOutput(error, recorder.readOutput()) : error;
  }
  const status = mergeStatuses(ends.map((end) => end.status));
  const result = { status, signal: ends.at(-1)?.signal ?? null, ...recorder.readOutput() };
  refuseWrongPassword(target, request, result);
  return result;
}

/** @throws SshError */
export async function runCommand(pool: Pool, target: SshTarget, request: RunCommandRequest): Promise<ExecResult> {
  const { code, path, sudo = "off", noSplit, sudoPassword, ...limits } = request;
  if (code.trim() === "") throw new SshError("invalid", "The command is empty");
  if (sudo === "p") checkSudoPassword(sudoPassword);
  const lines = buildExecutedLines({ code, sudo, path: path ?? null, noSplit: noSplit ?? false });
  return exec(pool, target, { ...limits, lines, sudo, ...(sudo === "p" && { sudoPassword: sudoPassword ?? "" }) });
}

async function runLine(
  pool: Pool,
  target: SshTarget,
  line: string,
  request: ExecRequest,
  recorder: OutputRecorder,
  limit: AbortSignal,
): Promise<LineEnd> {
  const process = createRemoteProcess(line, target, request.sudo ?? "off", request.sudoPassword);
  const session = await openSession(pool, target, createOpener(process, recorder), limit);
  const { channel: running, lease } = session;
  const { end } = running;
  try {
    sendInput(running.channel, request);
    const { promise: stopped, resolve: stop } = Promise.withResolvers<null>();
    const forget = onAbort(limit, () => stop(null));
    const first = await Promise.race([end, stopped]);
    forget();
    if (first === null) throw await stopLine(session, process, request, limit);
    if (first === "lost") {
      throw new SshError("connection_lost", `The connection to ${formatPlace(target)} was lost while the command ran`);
    }
    return first;
  } finally {
    lease.release();
  }
}

/** A command that was begun. */
interface Running {
  readonly channel: ClientChannel;
  /** Never rejects. */
  readonly end: Promise<LineEnd | "lost">;
}

function createOpener(process: RemoteProcess, recorder: OutputRecorder): Opener<Running> {
  return {
    open: (client, done) =>
      void client.exec(process.line, (error, channel) =>
        done(error, () => ({ channel, end: readChannel(channel, process, recorder) })),
      ),
    close: ({ channel }) => channel.close(),
  };
}

/** Everything that the channel prints goes to the recorder. Never rejects. */
function readChannel(
  channel: ClientChannel,
  process: RemoteProcess,
  recorder: OutputRecorder,
): Promise<LineEnd | "lost"> {
  let end: LineEnd | "lost" = "lost";
  channel.on("exit", (status: number | null, signal?: string) => {
    end = readEnd(status, signal);
  });
  // The server may close its side before the input is taken; that is the command's own affair.
  channel.on("error", () => undefined);
  channel.on("data", (chunk: Buffer) => recorder.push(chunk, "stdout"));
  channel.stderr.on("data", (chunk: Buffer) => {
    const passed = process.filterStderr(chunk);
    if (passed.length > 0) recorder.push(passed, "stderr");
  });
  const closed = [channel, channel.stderr].map(
    (stream) => new Promise<void>((resolve) => void stream.once("close", () => resolve())),
  );
  return Promise.all(closed).then(() => {
    const rest = process.endStderr();
    if (rest.length > 0) recorder.push(rest, "stderr");
    return end;
  });
}

function readEnd(status: number | null, signal: string | undefined): LineEnd {
  if (status !== null) return { status, signal: null };
  // ssh2 puts SIG before the name that was sent.
  const name = (signal ?? "").replace(/^SIG/, "");
  const number = (constants.signals as Readonly<Record<string, number>>)[`SIG${name}`] ?? 0;
  return { status: 128 + number, signal: name };
}

function sendInput(channel: ClientChannel, { sudo, sudoPassword, stdin }: ExecRequest): void {
  if (sudo === "p" && sudoPassword !== undefined) channel.write(`${sudoPassword}\n`);
  // Ends it: nobody will type more, and a command that reads on would wait for ever.
  if (stdin === undefined) channel.end();
  else channel.end(typeof stdin === "string" ? stdin : Buffer.from(stdin));
}

/** @returns the error to throw */
async function stopLine(
  { channel: { channel, end }, lease }: Session<Running>,
  process: RemoteProcess,
  request: ExecRequest,
  limit: AbortSignal,
): Promise<SshError> {
  void process.kill(lease.connection.client, channel);
  const isGone = await isDoneWithin(end, KILL_MS);
  if (!isGone) channel.close();
  const doubt = isGone ? "" : ". It could not be made sure that it has ended: it may still be running on the server";
  if (!isTimeUp(limit)) return new SshError("aborted", `Command stopped${doubt}`);
  const after = request.timeoutMs === undefined ? "" : ` (after ${formatSeconds(request.timeoutMs)})`;
  return new SshError("timeout", `Command timed out and was terminated${after}${doubt}`);
}

function refuseUnsendable(line: string): void {
  if (line.includes("\0")) throw new SshError("invalid", "A command cannot have a NUL character in it");
}

function checkSudoPassword(password: string | undefined): void {
  if (password === undefined || password === "") {
    throw new SshError("sudo_password_missing", "Sudo password not provided!");
  }
  if (/[\r\n\0]/.test(password)) {
    throw new SshError("sudo_password_wrong", "The sudo password has a line break in it: sudo would read only a part");
  }
}

/** sudo itself says it only in words, with the status that many commands have. */
function refuseWrongPassword(target: SshTarget, { sudo }: ExecRequest, result: ExecResult): void {
  if (sudo !== "p" || result.status !== 1) return;
  if (!/^sudo: (?:\d+ incorrect password attempts?|no password was provided)$/m.test(result.stderr)) return;
  const text = `sudo on ${formatPlace(target)} does not accept the password of ${target.username}`;
  throw new SshError("sudo_password_wrong", text, { output: result });
}
