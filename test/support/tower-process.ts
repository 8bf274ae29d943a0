import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createTowerClient, towerEnvironment, untilReady, type TowerClient } from "./tower.ts";

const COMMAND = fileURLToPath(new URL("../../bin/hooktower.js", import.meta.url));

/** A tower in a process of its own, started as people start it. */
export interface TowerProcess extends TowerClient, AsyncDisposable {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly isRunning: boolean;
  /** What it wrote to standard error so far. */
  readonly errors: string;
  kill(signal: NodeJS.Signals): void;
  /** Process ids of its runners. */
  runners(): Promise<number[]>;
}

/** @returns when it is ready to answer calls */
export async function startTowerProcess(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<TowerProcess> {
  const child = spawn(process.execPath, [COMMAND, "serve"], {
    env: { PATH: process.env["PATH"] ?? "", ...towerEnvironment(dataDir), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, "exit").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const url = await Promise.race([
    readUrl(child),
    ended.then(() => {
      throw new Error(`the tower ended before it listened: ${errors}`);
    }),
  ]);
  const client = createTowerClient(url);
  await untilReady(client);

  return {
    ...client,
    pid: child.pid ?? 0,
    ended,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    get errors() {
      return errors;
    },
    kill: (signal) => void child.kill(signal),
    runners: () => findChildren(child.pid ?? 0),
    async [Symbol.asyncDispose]() {
      client.close();
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function readUrl(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("the tower has no standard output");
  for await (const line of createInterface(child.stdout)) {
    const url = /^Hooktower is at (\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error("the tower did not say where it is");
}

/** Ids of the processes that a process has started (Linux). */
async function findChildren(parent: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    // pid (comm) state ppid: comm may hold spaces and brackets.
    if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent) found.push(Number(name));
  }
  return found;
}

/** Resident memory of a process in MiB (Linux). */
export async function readMemoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}
