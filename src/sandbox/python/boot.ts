/**
 * Starts Pyodide inside a locked-down child process, with or without a memory snapshot, and says
 * what the rest of the child may use of it.
 */

import { constants } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The guest's functions as JavaScript sees them: small integers and texts go in and out. */
export interface PyCallable {
  (...args: unknown[]): unknown;
  callPromising(...args: unknown[]): Promise<unknown>;
}

export interface PyBytes {
  getBuffer(type: "u8"): { readonly data: Uint8Array; release(): void };
  destroy(): void;
}

/** Of a run that is suspended, as Pyodide keeps it. */
export interface SuspendedStack {
  /** Puts it back to where it was, after copying away what has begun there since. */
  restore(): void;
}

/** Addresses and sizes are in bytes; the stack grows towards 0. */
export interface InterpreterMemory {
  readonly HEAPU8: Uint8Array;
  /** Where the run that began last began. */
  stackStop: number;
  /** The stack between the address that the last function left and `stackStop`. */
  readonly StackState: new () => SuspendedStack;
  /** The address that the stack has come down to. */
  stackSave(): number;
  _emscripten_stack_get_free(): number;
}

/** The part of Pyodide that is used here. Its own types would pull in all of Emscripten's. */
export interface Interpreter {
  readonly FS: { mkdirTree(path: string): void; writeFile(path: string, text: string): void };
  readonly globals: { get(name: string): unknown };
  readonly _module: InterpreterMemory;
  runPython(code: string): unknown;
  pyimport(name: string): { [name: string]: unknown };
  setInterruptBuffer(buffer: { 0: number }): void;
  makeMemorySnapshot(): Uint8Array;
}

interface BootOptions {
  /** Absolute path of Pyodide's files. The host looks it up: a locked-down process may not search. */
  readonly pyodideDir: string;
  readonly snapshot?: Uint8Array;
  readonly forSnapshot?: boolean;
}

export async function bootInterpreter(options: BootOptions): Promise<Interpreter> {
  allowOnlyFsConstants();
  const entry = pathToFileURL(join(options.pyodideDir, "pyodide.mjs"));
  const { loadPyodide } = (await import(entry.href)) as { loadPyodide(options: object): Promise<Interpreter> };
  return await loadPyodide({
    indexURL: options.pyodideDir,
    // No JavaScript object is handed to Python: there is nothing behind `import js`.
    jsglobals: Object.freeze(Object.create(null) as object),
    env: { HOME: "/", TZ: "UTC" },
    stdin: () => null,
    // Only programs would write there: re.compile(…, 128) prints what it is given.
    stdout: () => undefined,
    stderr: passOn,
    ...(options.forSnapshot ? { _makeSnapshot: true } : {}),
    ...(options.snapshot ? { _loadSnapshot: options.snapshot } : {}),
  });
}

/** What the interpreter itself says belongs in the runner's stderr. */
function passOn(text: string): void {
  if (text) process.stderr.write(`${text}\n`);
}

/**
 * Pyodide asks for `process.binding("constants").fs` when it starts. The real function would also
 * hand out bindings that go past the module system, so it is replaced, not wrapped.
 */
function allowOnlyFsConstants(): void {
  Object.defineProperty(process, "binding", {
    configurable: true,
    value(name: string) {
      if (name !== "constants") throw new Error("process.binding is not available");
      return { fs: { ...constants } };
    },
  });
}
