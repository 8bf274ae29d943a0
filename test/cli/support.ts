import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";

export const LAUNCHER = resolve(import.meta.dirname, "../../bin/hooktower.js");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Real `hooktower` processes on a data directory of their own. */
export interface CommandLine extends AsyncDisposable {
  readonly dataDir: string;
  run(
    args: readonly string[],
    options?: { input?: string | Uint8Array; env?: Record<string, string> },
  ): Promise<Finished>;
  /** A command that goes on until it is told to stop; disposal does so. */
  start(args: readonly string[], env?: Record<string, string>): Running;
}

export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** All of the output so far. */
  output(): string;
  /** Waits until the output has the text. */
  waitFor(text: string | RegExp): Promise<string>;
  /** @returns the exit code */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

export async function openCommandLine(node: string = process.execPath): Promise<CommandLine> {
  const dataDir = await mkdtemp(join(tmpdir(), "hooktower-cli-"));
  const running: Running[] = [];

  function launch(args: readonly string[], env: Record<string, string> = {}) {
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith("HOOKTOWER_"));
    return spawn(node, [LAUNCHER, ...args], {
      env: {
        ...Object.fromEntries(clean),
        HOOKTOWER_DATA_DIR: dataDir,
        HOOKTOWER_ADMIN_PASSWORD: "only for tests",
        ...env,
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  return {
    dataDir,
    async run(args, { input = "", env } = {}) {
      const child = launch(args, env);
      const ended = once(child, "close") as Promise<[number | null]>;
      const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
      // A command that reads nothing may be gone before it could have been told anything.
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
      const [code] = await ended;
      return { code, stdout: stdout(), stderr: stderr() };
    },
    start(args, env) {
      const child = launch(args, env);
      const ended = once(child, "close") as Promise<[number | null]>;
      const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
      const started: Running = {
        child,
        output: stdout,
        async waitFor(text) {
          const deadline = Date.now() + 30_000;
          const isThere = () => (typeof text === "string" ? stdout().includes(text) : text.test(stdout()));
          while (!isThere()) {
            if (Date.now() > deadline || child.exitCode !== null) {
              throw new Error(`waited in vain for ${String(text)}; got ${stdout()}${stderr()}`);
            }
            await new Promise((done) => setTimeout(done, 20));
          }
          return stdout();
        },
        async stop(signal) {
          child.kill(signal);
          const [code] = await ended;
          return code;
        },
      };
      running.push(started);
      return started;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        running
          .filter(({ child }) => child.exitCode === null && child.signalCode === null)
          .map((one) => one.stop("SIGTERM")),
      );
      await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
