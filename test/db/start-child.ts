import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestLocation } from "../support/databases.ts";

/** A process that runs a mode of a `child.ts`. */
export interface Child {
  readonly lines: string[];
  /** Resolves with the first line that begins like this; throws when the process ends without it. */
  waitFor(start: string): Promise<string>;
  /** Kills it without warning, and resolves when it is gone and all its lines are read. */
  kill(): Promise<void>;
  /** Resolves with the exit code and what it wrote to standard error. */
  readonly ended: Promise<{ code: number | null; errors: string }>;
}

/** @param script the `child.ts`; that of this folder if absent */
export function startChild(
  mode: string,
  { url, dataDir }: Pick<TestLocation, "url" | "dataDir">,
  script = new URL("./child.ts", import.meta.url),
): Child {
  const child = spawn(process.execPath, [fileURLToPath(script), mode, JSON.stringify({ url, dataDir })], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const reader = createInterface(child.stdout);
  reader.on("line", (line) => lines.push(line));
  const ended = Promise.all([once(child, "exit"), once(reader, "close")]).then(([[code]]) => ({
    code: code as number | null,
    errors,
  }));

  async function waitFor(start: string): Promise<string> {
    const find = () => lines.find((line) => line.startsWith(start));
    while (find() === undefined) {
      const outcome = await Promise.race([once(reader, "line"), ended]);
      if (!Array.isArray(outcome) && find() === undefined) throw new Error(`No "${start}" from the process: ${errors}`);
    }
    return find() ?? "";
  }

  async function kill(): Promise<void> {
    child.kill("SIGKILL");
    await ended;
  }

  return { lines, waitFor, kill, ended };
}
