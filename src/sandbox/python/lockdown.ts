/**
 * Takes away, inside the runner, what the runner itself has no more use for. This is depth, not the
 * wall: the wall is the flags that `launch.ts` starts the process with.
 */

const PROCESS_PARTS = ["binding", "dlopen", "kill", "abort", "chdir", "umask", "getBuiltinModule", "execve", "report"];
const GLOBAL_PARTS = [
  "fetch",
  "WebSocket",
  "EventSource",
  "BroadcastChannel",
  "MessageChannel",
  "navigator",
  "require",
  "Worker",
];

/**
 * Call when everything is loaded. Deletes, since Node makes some of these when they are first touched, and
 * to give one another value touches it: `WebSocket` alone loaded an HTTP client into each runner, in 40 to 90 ms.
 */
export function dropUnneededPowers(): void {
  for (const name of PROCESS_PARTS) remove(process, name);
  for (const name of GLOBAL_PARTS) remove(globalThis, name);
}

/** The one class that is needed here; TypeScript has the types of WebAssembly only with those of the DOM. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: { readonly Memory: { readonly prototype: Memory } };

const PAGE_BYTES = 65_536;

/** Caps the interpreter's memory: what asks for more gets Python's MemoryError. */
export function capMemory(maxBytes: number): void {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function growWithin(this: Memory, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE_BYTES > maxBytes)
      throw new RangeError("the interpreter's memory is used up");
    return grow.call(this, pages);
  };
}

function remove(owner: object, name: string): void {
  if (!Reflect.deleteProperty(owner, name)) throw new Error(`${name} cannot be taken away`);
}
