/**
 * What the host and a runner say to each other. This is the trust boundary: whatever a runner says
 * may come from a process that a guest has taken over, so every message is checked here, strictly,
 * before anything acts on it. A message can name only a run, and the host looks it up among the
 * runs of that very runner; it can never name a user or a right.
 */

import type { Json, LogLine, Program, ReadValue, RunOutcome, SourceProblem } from "./sandbox.ts";
import type { Frame } from "./frames.ts";

/** Kinds of frames from the host to a runner. The id is that of a run, a check or a ping. */
export const TO_RUNNER = { load: 1, run: 2, check: 3, answer: 4, cancel: 5, ping: 6 } as const;

/** Kinds of frames from a runner to the host. */
export const FROM_RUNNER = {
  /** The interpreter is up. */
  ready: 1,
  /** How a run ended. */
  outcome: 2,
  /** The program of a run is not (or no longer) loaded: send it again. */
  missing: 3,
  hostCall: 4,
  pong: 5,
  /** The runner's memory has grown and cannot shrink: replace it when convenient. */
  spent: 6,
  checked: 7,
} as const;

export type RunnerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "outcome"; readonly id: number; readonly head: Buffer }
  | { readonly kind: "missing"; readonly id: number }
  | {
      readonly kind: "hostCall";
      readonly id: number;
      readonly call: number;
      readonly name: string;
      readonly args: Json;
    }
  | { readonly kind: "pong"; readonly id: number }
  | { readonly kind: "spent" }
  | { readonly kind: "checked"; readonly id: number; readonly problem: SourceProblem | null };

/** A runner broke the protocol: it is not trusted any further. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** Throws ProtocolError for anything a sound runner would not send. */
export function parseMessage(frame: Frame): RunnerMessage {
  if (frame.blob.length > 0) throw new ProtocolError("a runner sends no blobs");
  const { kind, id } = frame;
  switch (kind) {
    case FROM_RUNNER.ready:
      return { kind: "ready" };
    case FROM_RUNNER.outcome:
      return { kind: "outcome", id, head: frame.head };
    case FROM_RUNNER.missing:
      return { kind: "missing", id };
    case FROM_RUNNER.hostCall: {
      const head = readObject(readJson(frame.head));
      const { call, name } = head;
      if (!isCount(call) || typeof name !== "string" || name.length > 200 || !("args" in head)) {
        throw new ProtocolError("a host call is malformed");
      }
      return { kind: "hostCall", id, call, name, args: head["args"] as Json };
    }
    case FROM_RUNNER.pong:
      return { kind: "pong", id };
    case FROM_RUNNER.spent:
      return { kind: "spent" };
    case FROM_RUNNER.checked: {
      const head = readJson(frame.head);
      return { kind: "checked", id, problem: head === null ? null : readProblem(readObject(head)) };
    }
    default:
      throw new ProtocolError(`a message of unknown kind ${kind}`);
  }
}

/** Reads how a run of `program` ended. Throws ProtocolError. */
export function parseOutcome(head: Buffer, program: Program): RunOutcome {
  const raw = readObject(readJson(head));
  const kept = readKept(raw["kept"], program);
  const common = { log: readLog(raw["log"]), comparedWithSecret: readStrings(raw["compared"]), kept };
  switch (raw["status"]) {
    case "completed":
      return { ...common, status: "completed", result: readResult(raw["result"], program) };
    case "raised":
      return {
        ...common,
        status: "raised",
        type: readString(raw["type"]),
        message: readString(raw["message"]),
        line: readPosition(raw["line"]),
        traceback: readString(raw["traceback"]),
      };
    case "refused":
      return { ...common, status: "refused", ...readProblem(raw) };
    case "limit": {
      const { limit } = raw;
      if (limit !== "cpu" && limit !== "wall" && limit !== "memory" && limit !== "result") {
        throw new ProtocolError("an outcome names an unknown limit");
      }
      return { ...common, status: "limit", limit, message: readString(raw["message"]) };
    }
    default:
      throw new ProtocolError("an outcome has an unknown status");
  }
}

function readResult(raw: unknown, program: Program): { [key: string]: ReadValue } {
  const values = readObject(raw);
  const result: { [key: string]: ReadValue } = {};
  for (const key of Object.keys(program.readings)) {
    const value = values[key];
    if (program.readings[key] === "truth" || program.readings[key] === "nonzero") {
      if (typeof value !== "boolean") throw new ProtocolError(`the reading of ${key} is not a boolean`);
      result[key] = value;
    } else if (value === null) {
      result[key] = null;
    } else {
      result[key] = readValue(value, key);
    }
  }
  if (Object.keys(values).length !== Object.keys(result).length) throw new ProtocolError("a result has unknown keys");
  return result;
}

/** `[json]` for a text, whose `str()` is the text itself; `[json, text]` for everything else. */
function readValue(value: unknown, key: string): ReadValue {
  if (!Array.isArray(value) || value.length < 1 || value.length > 2)
    throw new ProtocolError(`the reading of ${key} is malformed`);
  const json = readString(value[0]);
  const parsed = parseJson(json);
  if (value.length === 2) return { json, text: readString(value[1]) };
  if (typeof parsed !== "string") throw new ProtocolError(`the reading of ${key} is not a text`);
  return { json, text: parsed };
}

/** Only what the program keeps. */
function readKept(raw: unknown, program: Program): { [name: string]: string } {
  if (raw === undefined) return {};
  const kept: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(readObject(raw))) {
    if (!program.keeps?.includes(name)) throw new ProtocolError("an outcome keeps what is not asked for");
    const json = readString(value);
    parseJson(json);
    kept[name] = json;
  }
  return kept;
}

function readProblem(raw: { [key: string]: unknown }): SourceProblem {
  return {
    type: readString(raw["type"]),
    message: readString(raw["message"]),
    line: readPosition(raw["line"]),
    column: readPosition(raw["column"]),
  };
}

function readLog(raw: unknown): LogLine[] {
  if (!Array.isArray(raw)) throw new ProtocolError("a log is not a list");
  return raw.map((line: unknown) => {
    if (!Array.isArray(line) || line.length !== 2) throw new ProtocolError("a log line is malformed");
    return { level: readLevel(line[0]), text: readString(line[1]) };
  });
}

function readLevel(raw: unknown): LogLine["level"] {
  switch (raw) {
    case "debug":
    case "info":
    case "warning":
    case "error":
    case "critical":
      return raw;
    default:
      throw new ProtocolError("a log line has an unknown level");
  }
}

function readStrings(raw: unknown): string[] {
  if (!Array.isArray(raw)) throw new ProtocolError("a list of texts is malformed");
  return raw.map(readString);
}

function readString(raw: unknown): string {
  if (typeof raw !== "string") throw new ProtocolError("a text is not a text");
  return raw;
}

function readPosition(raw: unknown): number | null {
  if (raw === null) return null;
  if (!isCount(raw)) throw new ProtocolError("a position is not a number");
  return raw;
}

function isCount(raw: unknown): raw is number {
  return typeof raw === "number" && Number.isSafeInteger(raw) && raw >= 0;
}

function readObject(raw: unknown): { [key: string]: unknown } {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw new ProtocolError("an object is not an object");
  return raw as { [key: string]: unknown };
}

function readJson(bytes: Buffer): unknown {
  // Runners escape everything outside ASCII, so one byte is one character.
  return parseJson(bytes.toString("latin1"));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ProtocolError("a message is not JSON", { cause: error });
  }
}
