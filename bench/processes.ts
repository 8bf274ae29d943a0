import { spawn, type ChildProcess } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The processes of a benchmark: starting, ending, and what Linux says they took. */

const children: ChildProcess[] = [];

export const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export function start(args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

export async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

/** Ends what is left of all that was started. */
export function stopAll(): void {
  for (const child of children) child.kill("SIGTERM");
}

export async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout as Readable })) return line;
  throw new Error("a process ended without a word");
}

/** The process and all that it started, as far as they are there. */
async function familyOf(child: ChildProcess): Promise<number[]> {
  const family: number[] = [];
  const left = [child.pid];
  for (let pid = left.pop(); pid !== undefined; pid = left.pop()) {
    family.push(pid);
    const own = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    left.push(...own.split(" ").filter(Boolean).map(Number));
  }
  return family;
}

/** Resident memory of a process and all that it started, in MB. */
export async function residentMb(child: ChildProcess): Promise<number> {
  let total = 0;
  for (const pid of await familyOf(child)) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    total += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000;
  }
  return total;
}

/** CPU time used so far, in milliseconds. */
export interface CpuTime {
  readonly mainThread: number;
  readonly otherThreads: number;
  readonly children: number;
}

export async function readCpuTime(child: ChildProcess): Promise<CpuTime> {
  const [own, ...others] = await familyOf(child);
  let mainThread = 0;
  let otherThreads = 0;
  for (const thread of await readdir(`/proc/${own}/task`)) {
    const used = await threadMs(`/proc/${own}/task/${thread}`);
    if (thread === String(own)) mainThread = used;
    else otherThreads += used;
  }
  let inChildren = 0;
  for (const pid of others) inChildren += await threadMs(`/proc/${pid}`);
  return { mainThread, otherThreads, children: inChildren };
}

/** Linux counts in hundredths of a second. */
async function threadMs(path: string): Promise<number> {
  const stat = await readFile(`${path}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export async function waitUntil(check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (await check().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("the tower did not get ready in 30 s");
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
