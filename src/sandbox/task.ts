/**
 * One task of a runner: a run of a program, or a check of its source. A task knows how to put itself
 * into frames, how to answer its own host calls and how it ends; `pool.ts` decides where it runs.
 */

import { isTooDeep } from "../lib/json-depth.ts";
import { encodeFrame } from "./frames.ts";
import { ProtocolError, TO_RUNNER, parseOutcome } from "./protocol.ts";
import {
  GuestError,
  type Input,
  type Json,
  type Limits,
  type PreparedProgram,
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
  /** The frame that starts it; its program is loaded already. */
  encode(): Buffer;
  /** A message about it from its runner. Throws ProtocolError. */
  takeOutcome(head: Buffer): void;
  takeProblem(problem: SourceProblem | null): void;
  takeHostCall(call: number, name: string, args: Json, reply: (frame: Buffer) => void): void;
  /** Ends it without its runner's word. Nothing happens when it has ended already. */
  end(ending: TaskEnding): void;
}

export type TaskEnding =
  | { readonly status: "limit"; readonly limit: "cpu" | "wall"; readonly message: string }
  | { readonly status: "lost"; readonly message: string; readonly mayRetry: boolean }
  | { readonly status: "busy"; readonly message: string; readonly retryAfterSeconds: number };

const NOTHING_SAID = { log: [], comparedWithSecret: [] } as const;

export function createRun(
  id: number,
  request: RunRequest,
  limits: Limits,
  logger: SandboxLogger,
  onEnd: (outcome: RunOutcome) => void,
): Task {
  const { program } = request;
  const abort = new AbortController();
  let hostCalls = 0;
  let suspended = false;
  let done = false;

  function finish(outcome: RunOutcome): void {
    if (done) return;
    done = true;
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
    encode: () => encodeRun(id, request, limits),
    takeOutcome(head) {
      finish(parseOutcome(head, program));
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
  const { key, name, source, marked, defaultResult, readings } = program;
  const head = { key, name, source, ...marked, secretCount: program.secretReferences.length, defaultResult, readings };
  return encodeFrame(kind, id, JSON.stringify(head));
}

/** The blob starts with the CPU limit, which the runner needs before the head is parsed. */
function encodeRun(id: number, request: RunRequest, limits: Limits): Buffer {
  const { program } = request;
  const cpuMs = Buffer.allocUnsafe(4);
  cpuMs.writeUInt32LE(limits.cpuMs);
  const blobs: Uint8Array[] = [cpuMs];
  const inputs: { [name: string]: Json[] } = {};
  let end = 0;

  /** Where the bytes lie in the blob. The same bytes in two inputs travel once. */
  function place(bytes: Uint8Array): [number, number] {
    if (bytes.length === 0) return [0, 0];
    if (blobs.at(-1) !== bytes) {
      blobs.push(bytes);
      end += bytes.length;
    }
    return [end - bytes.length, end];
  }

  for (const name of Object.keys(request.inputs)) {
    inputs[name] = describeInput(request.inputs[name] as Input, place);
  }
  const secrets = program.secretReferences.map((reference) => request.secrets.get(reference) ?? null);
  const head = { key: program.key, inputs, secrets, resultBytes: limits.resultBytes, logBytes: limits.logBytes };
  return encodeFrame(TO_RUNNER.run, id, JSON.stringify(head), blobs);
}

function describeInput(input: Input, place: (bytes: Uint8Array) => [number, number]): Json[] {
  switch (input.kind) {
    case "json":
      return ["json", input.value];
    case "bytes":
      return ["bytes", ...place(input.bytes)];
    case "jsonBody":
      // Python's parser calls itself for every level: too many end the interpreter. Counted here, where one
      // pass over 1 MiB takes 3 ms; with regular expressions inside, 1 MiB of 499 levels took 92 s.
      if (isTooDeep(input.bytes)) return ["json", {}];
      return ["jsonBody", ...place(input.bytes), input.emptyForFalsy];
    case "headers":
      return ["headers", input.entries.map(([name]) => name), input.entries.map(([, value]) => value)];
    case "record":
      return ["record", input.model, input.fields];
    case "hostFunction":
      return ["hostFunction", input.call];
  }
}
