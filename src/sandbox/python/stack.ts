/**
 * The stack of Python's C code: 10 MB in the interpreter's memory that all runs share. A suspended run
 * stays where it is, and Pyodide begins the next below it; what a run needs that goes on, it copies
 * away first. Left to itself it goes down to the end: 206 suspended runs with 100 calls of C functions
 * in each other, 48 KB a run, took it all, and those that came later ended with RecursionError.
 */

import type { InterpreterMemory, SuspendedStack } from "./boot.ts";

/** What is there for a run that begins; one that goes on has at least as much, less what began with it. */
const LEAST_FREE_BYTES = 5 * 1024 * 1024;
/** A run that holds more must not be suspended: it is copied to memory that nothing else bounds. */
const MOST_SUSPENDED_BYTES = 128 * 1024;

export interface Stack {
  /** To be called when nothing is on the stack but suspended runs: copies them away when it gets narrow. */
  makeRoom(): void;
  /** To be called from a run: whether it has too much on the stack to be suspended. */
  isTooDeep(): boolean;
}

/** @param memory of an interpreter in which no run is suspended */
export function createStack(memory: InterpreterMemory): Stack {
  // Restoring a stack of no bytes at the top copies away all below it, and leaves the stack empty.
  memory.stackStop = memory.stackSave();
  const empty: SuspendedStack = new memory.StackState();
  return {
    makeRoom() {
      if (memory._emscripten_stack_get_free() < LEAST_FREE_BYTES) empty.restore();
    },
    isTooDeep: () => memory.stackStop - memory.stackSave() > MOST_SUSPENDED_BYTES,
  };
}
