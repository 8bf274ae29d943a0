import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandbox } from "../../src/sandbox/create-sandbox.ts";
import type {
  Input,
  Json,
  PreparedProgram,
  ResultReading,
  RunOutcome,
  RunRequest,
  Sandbox,
  SandboxOptions,
} from "../../src/sandbox/sandbox.ts";

/** Kept between test files and runs: building the interpreter's snapshot takes seconds. */
export const CACHE_DIR = join(tmpdir(), "hooktower-test-cache");

export interface LoggedLine {
  readonly message: string;
  readonly details: { readonly [key: string]: unknown };
}

export interface TestSandbox extends AsyncDisposable {
  readonly sandbox: Sandbox;
  /** What the sandbox logged as warnings and errors. */
  readonly logged: LoggedLine[];
  /** Runs source with the result of a webhook. */
  run(source: string, request?: RunOptions): Promise<RunOutcome>;
  /** Runs source that must complete, and gives its `result["message"]`. */
  read(source: string, request?: RunOptions): Promise<Json>;
}

export interface RunOptions extends Partial<Omit<RunRequest, "program" | "secrets">> {
  readonly secrets?: { readonly [reference: string]: string | null };
  readonly readings?: { readonly [key: string]: ResultReading };
  readonly defaultResult?: { readonly [key: string]: Json };
}

/** Gives a sandbox whose runner is up. The first one ever has to build the snapshot. */
export async function openSandbox(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const logged: LoggedLine[] = [];
  const note = (details: object, message: string) => void logged.push({ message, details: { ...details } });
  const logger = { info: () => undefined, warn: note, error: note };
  const sandbox = createSandbox({ runners: 1, cacheDir: CACHE_DIR, logger, ...options });

  await until("a runner is ready", () => sandbox.status().ready, 60_000);

  async function run(source: string, { secrets = {}, readings, defaultResult, ...request }: RunOptions = {}) {
    const program = prepare(sandbox, source, readings, defaultResult);
    return await sandbox.run({ inputs: {}, ...request, program, secrets: new Map(Object.entries(secrets)) });
  }

  return {
    sandbox,
    logged,
    run,
    async read(source, request) {
      const outcome = await run(source, request);
      if (outcome.status !== "completed") throw new Error(`not completed: ${JSON.stringify(outcome)}`);
      const message = outcome.result["message"];
      return typeof message === "object" && message !== null ? (JSON.parse(message.json) as Json) : null;
    },
    [Symbol.asyncDispose]: () => sandbox.close(0),
  };
}

export function prepare(
  sandbox: Sandbox,
  source: string,
  readings: { readonly [key: string]: ResultReading } = { exit_code: "nonzero", message: "json" },
  defaultResult: { readonly [key: string]: Json } = { exit_code: 0, message: null },
): PreparedProgram {
  return sandbox.prepare({ language: "python", name: "webhook test", source, defaultResult, readings });
}

/** An input that calls the host. */
export const ASK: { readonly ask: Input } = { ask: { kind: "hostFunction", call: "test.ask" } };

export function bytesInput(text: string | Uint8Array): Input {
  return { kind: "bytes", bytes: Buffer.from(text) };
}

export function bodyInput(text: string | Uint8Array, emptyForFalsy = false): Input {
  return { kind: "jsonBody", bytes: Buffer.from(text), emptyForFalsy };
}

export async function until(what: string, isSo: () => boolean, limitMs = 15_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Lines of source. */
export function lines(...parts: string[]): string {
  return parts.join("\n");
}
