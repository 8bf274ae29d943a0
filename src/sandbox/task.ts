/**
 * One task of a runner: a run of a program, or a check of its source. A task knows how to put itself
 * into frames, how to answer its own host calls and how it ends; `pool.ts` decides where it runs.
 */

import { isTooDeep } from "../lib/json-depth.ts";
import { encodeFrame } from "./frames.ts";
import { ProtocolError, TO_RUNNER, parseOutcome } from "./protocol.ts";
import {
  GuestError,
  type GuestUser,
  type Input,
  type Json,
  type Limits,
  type PreparedProgram,
  type ReadValue,
  type RunOutcome,
  type RunRequest,
  type SandboxLogger,
  type SourceProblem,
} from "./sandbox.ts";

export interface Task {
  readonly id: number;
  readonly program: PreparedProgram;
  readonly limits: Limits;
  /** How often it was given to a runner. */
  attempts: number;
  /** Host calls made so far: a task that made none can be run again without harm. */
  readonly hostCalls: number;
  /** Waiting for the host: not in the interpreter. */
  readonly suspended: boolean;
  readonly done: boolean;
  /** The run that comes right after it, on the same runner, when it opens its gate. */
  readonly next: Task | null;
  /** Whether it ended with its gate open, so that `next` is on its way. */
  readonly opened: boolean;
  /** The frame that starts it; its program is loaded already. */
  encode(): Buffer;
  /** A message about it from its runner. Throws ProtocolError. */
  takeOutcome(head: Buffer): void;
  takeProblem(problem: SourceProblem | null): void;
  takeHostCall(call: number, name: string, args: Json, reply: (frame: Buffer) => void): void;
  /** Ends it as if it had opened its gate: its runner is gone, and was busy with `next` by then. */
  passUnheard(): void;
  /** Ends it without its runner's word. Nothing happens when it has ended already. */
  end(ending: TaskEnding): void;
}

export interface RunTask extends Task {
  readonly next: RunTask | null;
  /** What its runner needs to know of it when it goes in the frame of another. */
  describe(blobs: BlobBuilder, before: RunRequest): Json;
}

/** A run and the reading of the run before it that must be true. */
export interface NextRun {
  readonly gate: string;
  readonly task: RunTask;
}

export type TaskEnding =
  | { readonly status: "limit"; readonly limit: "cpu" | "wall"; readonly message: string }
  | { readonly status: "lost"; readonly message: string; readonly mayRetry: boolean }
  | { readonly status: "busy"; readonly message: string; readonly retryAfterSeconds: number };

const NOTHING_SAID = { log: [], comparedWithSecret: [], kept: {} } as const;

export function createRun(
  id: number,
  request: RunRequest,
  limits: Limits,
  logger: SandboxLogger,
  onEnd: (outcome: RunOutcome) => void,
  next?: NextRun,
): RunTask {
  const { program } = request;
  const abort = new AbortController();
  let hostCalls = 0;
  let suspended = false;
  let done = false;
  let opened = false;

  function finish(outcome: RunOutcome): void {
    if (done) return;
    done = true;
    opened = next !== undefined && outcome.status === "completed" && outcome.result[next.gate] === true;
    if (suspended) abort.abort();
    onEnd(outcome);
  }

  async function answerHost(name: string, args: Json): Promise<string> {
    try {
      if (request.onHostCall === undefined) throw new GuestError("HostError", `${name} is not available here`);
      return JSON.stringify({ value: (await request.onHostCall(name, args, abort.signal)) ?? null });
    } catch (error) {
      if (error instanceof GuestError) return JSON.stringify({ error: { type: error.type, message: error.message } });
      if (!done) logger.error({ err: error, call: name, program: program.name }, "a host call failed");
      return JSON.stringify({ error: { type: "HostError", message: `${name} failed` } });
    }
  }

  return {
    id,
    program,
    limits,
    attempts: 0,
    get hostCalls() {
      return hostCalls;
    },
    get suspended() {
      return suspended;
    },
    get done() {
      return done;
    },
    next: next?.task ?? null,
    get opened() {
      return opened;
    },
    encode: () => encodeRun(id, request, limits, next),
    describe: (blobs, before) => describeRun(request, limits, blobs, before),
    takeOutcome(head) {
      const outcome = parseOutcome(head, program);
      // It will be given to other runs, whose parser a deeper one would bring down.
      if (Object.values(outcome.kept).some((json) => isTooDeep(Buffer.from(json))))
        throw new ProtocolError("what is kept is nested too deeply");
      finish(outcome);
    },
    takeProblem() {
      throw new ProtocolError("a check was answered that nobody asked for");
    },
    takeHostCall(call, name, args, reply) {
      if (suspended || call !== hostCalls + 1) throw new ProtocolError("a host call is out of turn");
      suspended = true;
      hostCalls = call;
      void answerHost(name, args).then((json) => {
        if (done) return;
        suspended = false;
        const callId = Buffer.alloc(4);
        callId.writeUInt32LE(call);
        reply(encodeFrame(TO_RUNNER.answer, id, "", [callId, Buffer.from(json)]));
      });
    },
    passUnheard() {
      if (next === undefined) throw new Error("there is no gate to pass");
      const result: { [key: string]: ReadValue } = {};
      for (const [key, reading] of Object.entries(program.readings)) {
        result[key] = reading === "truth" || reading === "nonzero" ? key === next.gate : null;
      }
      finish({ ...NOTHING_SAID, status: "completed", result });
    },
    end(ending) {
      finish({ ...NOTHING_SAID, ...ending });
    },
  };
}

export function createCheck(
  id: number,
  program: PreparedProgram,
  limits: Limits,
  onEnd: (problem: SourceProblem | null) => void,
  onFail: (error: Error) => void,
): Task {
  let done = false;
  return {
    id,
    program,
    limits,
    attempts: 0,
    hostCalls: 0,
    suspended: false,
    get done() {
      return done;
    },
    next: null,
    opened: false,
    encode: () => encodeProgram(TO_RUNNER.check, id, program),
    takeOutcome() {
      throw new ProtocolError("a check has no outcome");
    },
    takeProblem(problem) {
      done = true;
      onEnd(problem);
    },
    takeHostCall() {
      throw new ProtocolError("a check makes no host calls");
    },
    passUnheard() {
      throw new Error("a check opens no gate");
    },
    end(ending) {
      if (done) return;
      done = true;
      // Source that takes the compiler down is a problem of the source.
      if (ending.status === "busy") onFail(new Error(ending.message));
      else
        onEnd({
          type: "SyntaxError",
          message: "the code is too large or too deeply nested to be compiled",
          line: null,
          column: null,
        });
    },
  };
}

/** The frame that makes a runner compile a program for a task and keep it, or only check it. */
export function encodeProgram(kind: number, id: number, program: PreparedProgram): Buffer {
  const { key, language, name, source, marked, defaultResult, readings } = program;
  const { resultShape = "dict", modules = null, keeps = [], pythonic = false } = program;
  const secretCount = program.secretReferences.length;
  const head = { key, language, name, source, ...marked, secretCount, defaultResult, readings };
  return encodeFrame(kind, id, JSON.stringify({ ...head, resultShape, modules, keeps, pythonic }));
}

/**
 * The blob starts with three u32 that the runner needs before the head is parsed: the CPU limit, the
 * id of the next run (0: none) and its CPU limit.
 */
function encodeRun(id: number, request: RunRequest, limits: Limits, next: NextRun | undefined): Buffer {
  const prefix = Buffer.alloc(12);
  prefix.writeUInt32LE(limits.cpuMs);
  const blobs = createBlobBuilder(prefix);
  const head = describeRun(request, limits, blobs);
  if (next !== undefined) {
    prefix.writeUInt32LE(next.task.id, 4);
    prefix.writeUInt32LE(next.task.limits.cpuMs, 8);
    head["next"] = { gate: next.gate, id: next.task.id, run: next.task.describe(blobs, request) };
  }
  return encodeFrame(TO_RUNNER.run, id, JSON.stringify(head), blobs.parts);
}

/** @param before the run whose inputs went into the same head: equal ones are not sent again */
function describeRun(
  { program, inputs, secrets }: RunRequest,
  limits: Limits,
  blobs: BlobBuilder,
  before?: RunRequest,
): { [key: string]: Json } {
  const described: { [name: string]: Json } = {};
  for (const name of Object.keys(inputs)) {
    if (!program.identifiers.includes(name)) continue;
    const input = inputs[name] as Input;
    const sentBefore = before?.inputs[name] === input && before.program.identifiers.includes(name);
    described[name] = sentBefore ? ["same"] : describeInput(input, blobs);
  }
  return {
    key: program.key,
    inputs: described,
    secrets: program.secretReferences.map((reference) => secrets.get(reference) ?? null),
    resultBytes: limits.resultBytes,
    logBytes: limits.logBytes,
  };
}

/** Bytes that lie one after the other behind a head. */
export interface BlobBuilder {
  readonly parts: readonly Uint8Array[];
  /** Where the bytes lie, counted from the end of the prefix. The same bytes in a row travel once. */
  place(bytes: Uint8Array): [start: number, end: number];
}

function createBlobBuilder(prefix: Uint8Array): BlobBuilder {
  const parts = [prefix];
  let end = 0;
  return {
    parts,
    place(bytes) {
      if (bytes.length === 0) return [0, 0];
      if (parts.at(-1) !== bytes) {
        parts.push(bytes);
        end += bytes.length;
      }
      return [end - bytes.length, end];
    },
  };
}

function describeInput(input: Input, blobs: BlobBuilder): Json[] {
  switch (input.kind) {
    case "json":
      return ["json", input.value];
    case "bytes":
      return ["bytes", ...blobs.place(input.bytes)];
    case "jsonBody":
      // Python's parser calls itself for every level: too many end the interpreter. Counted here, where one
      // pass over 1 MiB takes 3 ms; with regular expressions inside, 1 MiB of 499 levels took 92 s.
      if (isTooDeep(input.bytes)) return ["json", {}];
      return ["jsonBody", ...blobs.place(input.bytes), input.emptyForFalsy];
    case "headers":
      return ["headers", input.entries.map(([name]) => name), input.entries.map(([, value]) => value)];
    case "record":
      return ["record", input.model, input.fields];
    case "hostFunction":
      return ["hostFunction", input.call];
    case "environment":
      return ["environment", ...describeUser(input.user)];
    case "recordSet":
      return ["recordSet", ...describeUser(input.user), input.model, [...input.ids]];
    case "hostObject":
      return ["hostObject", ...describeUser(input.user), input.call, [...input.methods]];
  }
}

function describeUser({ id, model, fields }: GuestUser): [number, string, { [key: string]: Json }] {
  return [id, model, fields];
}
