/**
 * The guest's functions with their buffers: heads, blobs and outcomes are copied straight into and
 * out of the interpreter's memory. Handing 1.2 KB over as a Python object costs about 10 µs, as much
 * as running a small program.
 */

import type { Interpreter, PyBytes, PyCallable } from "./boot.ts";
import { createStack } from "./stack.ts";

/** What `run` answers when there is no outcome in the buffer; the same numbers stand in main.py. */
const MISSING = -1;
const MUST_WAIT = -2;
const OVERSIZE = -3;
const SHUT = -4;

/** What a run reads instead of an answer when it must not be suspended; the same word stands in host.py. */
const TOO_DEEP = "too deep";

const FIRST_BUFFER_BYTES = 128 * 1024;

/** The JavaScript side of host.py. */
export interface Bridge {
  call(runId: number, name: string, args: string): Promise<string>;
  sleep(runId: number, milliseconds: number): Promise<string>;
  resumed(runId: number): void;
}

/** The outcome as JSON in bytes that hold until the next call, or why there is none yet. */
export type RunAnswer = Uint8Array | "missing" | "mustWait";

export interface Guest {
  load(head: Uint8Array): void;
  /** The problem as JSON, `null` when the source is fine. */
  check(head: Uint8Array): string;
  run(runId: number, head: Uint8Array, blob: Uint8Array): RunAnswer;
  /** Runs what came with a run that has ended, if that opened its gate. */
  runNext(runId: number): RunAnswer | "shut";
  /** Forgets what came with a run. */
  dropNext(runId: number): void;
  /** Runs what `run` answered "mustWait" for. */
  runWaiting(runId: number): Promise<string>;
  memoryBytes(): number;
}

export function createGuest(interpreter: Interpreter, bridge: Bridge): Guest {
  const main = interpreter.pyimport("main");
  const callable = (name: string): PyCallable => main[name] as PyCallable;
  const stack = createStack(interpreter._module);
  /** A function that runs code of programs, or their compiler. */
  function entrance(name: string): (...args: unknown[]) => unknown {
    const enter = callable(name);
    return (...args) => {
      stack.makeRoom();
      return enter(...args);
    };
  }
  callable("connect")({
    ...bridge,
    call: (runId, name, args) => (stack.isTooDeep() ? Promise.resolve(TOO_DEEP) : bridge.call(runId, name, args)),
    sleep: (runId, milliseconds) => (stack.isTooDeep() ? Promise.resolve(TOO_DEEP) : bridge.sleep(runId, milliseconds)),
  } satisfies Bridge);
  const load = entrance("load");
  const check = entrance("check");
  const run = entrance("run");
  const runNext = entrance("run_next");
  const dropNext = callable("drop_next");
  const runWaiting = callable("run_waiting");
  const takeOversize = callable("take_oversize");
  const reserveIncoming = callable("reserve_incoming");
  const incoming = createBuffer(interpreter, reserveIncoming, FIRST_BUFFER_BYTES);
  const outgoing = createBuffer(interpreter, callable("reserve_outgoing"), FIRST_BUFFER_BYTES);

  function readAnswer(size: number): RunAnswer {
    if (size >= 0) return outgoing.read(size);
    if (size === MISSING) return "missing";
    if (size === MUST_WAIT) return "mustWait";
    if (size === OVERSIZE) return Buffer.from(takeOversize() as string, "latin1");
    throw new Error(`the interpreter answered ${size}`);
  }

  return {
    load(head) {
      incoming.write(head);
      load(head.length);
    },
    check(head) {
      incoming.write(head);
      return check(head.length) as string;
    },
    run(runId, head, blob) {
      incoming.write(head, blob);
      return readAnswer(run(runId, head.length, blob.length) as number);
    },
    runNext(runId) {
      const size = runNext(runId) as number;
      return size === SHUT ? "shut" : readAnswer(size);
    },
    dropNext(runId) {
      dropNext(runId);
    },
    async runWaiting(runId) {
      // It begins in a turn of its own, which Pyodide asks for in the same way: right after this one.
      setImmediate(stack.makeRoom);
      return (await runWaiting.callPromising(runId)) as string;
    },
    memoryBytes: () => interpreter._module.HEAPU8.byteLength,
  };
}

/** Memory inside the interpreter that JavaScript reads and writes. It only grows. */
function createBuffer(interpreter: Interpreter, reserve: PyCallable, firstBytes: number) {
  let size = 0;
  let address = 0;

  function grow(bytes: number): void {
    const memory = reserve(bytes) as PyBytes;
    const view = memory.getBuffer("u8");
    // The interpreter keeps the memory; the address holds while it does, also when the heap grows.
    address = view.data.byteOffset;
    size = bytes;
    view.release();
    memory.destroy();
  }
  grow(firstBytes);

  return {
    write(...parts: Uint8Array[]): void {
      let bytes = 0;
      for (const part of parts) bytes += part.length;
      if (bytes > size) grow(2 ** Math.ceil(Math.log2(bytes)));
      let offset = address;
      for (const part of parts) {
        interpreter._module.HEAPU8.set(part, offset);
        offset += part.length;
      }
    },
    read: (bytes: number): Uint8Array => interpreter._module.HEAPU8.subarray(address, address + bytes),
  };
}
