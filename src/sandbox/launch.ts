/**
 * Starts a locked-down child process. This is the wall of the sandbox: the language rules inside
 * only keep programs apart, whereas what is refused here is refused by Node and V8 themselves.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Sources run as `.ts` in development and as compiled `.js` when installed. */
const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

const HERE = dirname(fileURLToPath(import.meta.url));
export const PYODIDE_DIR = dirname(fileURLToPath(import.meta.resolve("pyodide")));

/** All that a child may read: its own code, Pyodide, and where Node looks up the module type. */
const READABLE = [
  `${HERE}/python/`,
  `${HERE}/frames${EXTENSION}`,
  `${HERE}/protocol${EXTENSION}`,
  fileURLToPath(new URL("../../package.json", import.meta.url)),
  `${PYODIDE_DIR}/`,
];

export type Entry = "build-snapshot" | "runner";

export function pathOfEntry(entry: Entry): string {
  return `${HERE}/python/${entry}${EXTENSION}`;
}

/**
 * Room for recursion in kilobytes. With V8's 984, source of some depth overflows the stack inside
 * Python's compiler, which ends the interpreter; with 6,000 Python's own checks come first. The
 * stack of a process is 8 MB nearly everywhere; where it is less, such source ends the runner.
 * (`--wasm-stack-switching-stack-size` stays as it is: more than 984 makes every run that may wait
 * cost 25 µs instead of 4.)
 */
const STACK_KB = 6_000;

/**
 * How much a function of the interpreter has to do before V8 optimizes it; V8's own 13 million make it
 * compile most of Python in the first second, on the cores that the calls need: the first thousand calls of
 * a runner took it 1.5 to 2.1 s of processor time then, 1.5 to 1.6 s with this, in 2.3 to 2.9 and 2.2 to 2.3 s (two
 * rounds each on a busy machine). Thousands that followed took as long as before.
 */
const TIERING_BUDGET = 100_000_000;

/** Flags that take away the network, files, processes, threads, add-ons, the inspector and `eval`. */
function lockdownFlags(readable: readonly string[] = []): string[] {
  return [
    "--permission",
    "--disallow-code-generation-from-strings",
    "--no-addons",
    `--stack-size=${STACK_KB}`,
    `--wasm-tiering-budget=${TIERING_BUDGET}`,
    "--disable-warning=ExperimentalWarning",
    ...[...READABLE, ...readable].map((path) => `--allow-fs-read=${path}`),
  ];
}

/**
 * @param file absolute path of the script
 * @param readable further absolute paths that it may read
 * @param extraFds what the child gets as file descriptor 3 and up
 */
export function launchLocked(
  file: string,
  args: readonly string[],
  readable: readonly string[],
  extraFds: readonly number[] = [],
): ChildProcess {
  return spawn(process.execPath, [...lockdownFlags([file, ...readable]), file, ...args], {
    env: {},
    cwd: "/",
    stdio: ["pipe", "pipe", "pipe", ...extraFds],
    windowsHide: true,
  });
}
