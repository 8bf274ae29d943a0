import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { LoadResult } from "./load.ts";
import { AUTHENTICATOR_CODE, BODY, makeRequest, SECRET, WEBHOOK_CODE } from "./push.ts";

/**
 * `npm run bench`: a GitHub-like push through authenticator, code and durable log, at 1, 16 and 64
 * connections, interleaved with a bare Fastify echo on the same machine. What counts is the ratio:
 * machines differ, and the same one differs from hour to hour.
 *
 * Options: `--seconds N` of each measurement (4), `--rounds N` (3).
 */
const CONNECTIONS = [1, 16, 64];
const PATH = "/cetmix_tower_webhooks/bench/push";
const TOKEN = "bench-token-0123456789abcdef";
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const seconds = readOption("--seconds", 4);
const rounds = readOption("--rounds", 3);
const dataDir = await mkdtemp(join(tmpdir(), "hooktower-bench-"));
const children: ChildProcess[] = [];
try {
  await main();
} finally {
  for (const child of children) child.kill("SIGTERM");
  await rm(dataDir, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const port = await findFreePort();
  const firstStart = await startTower(port);
  await setUp(port);
  // The first start ever makes the interpreter's start image and the database; later ones do not.
  await stop(firstStart);
  const restartedAt = performance.now();
  const tower = await startTower(port);
  await answerOnce(port);
  const firstAnswerMs = performance.now() - restartedAt;
  const idleMb = await residentMb(tower);

  const ceiling = start([here("./ceiling.ts")]);
  const ceilingPort = Number(await firstLine(ceiling));
  await load(ceilingPort, "/", 16, 1);
  await load(port, PATH, 16, 4);

  print(
    `${availableParallelism()} cores, Node ${process.version}, body of ${BODY.length} bytes, ${rounds} rounds of ${seconds} s`,
  );
  print("connections | ceiling/s | tower/s | ratio | p50 ms | p99 ms");
  for (const connections of CONNECTIONS) {
    const pairs: Array<{ ceiling: LoadResult; tower: LoadResult }> = [];
    for (let round = 0; round < rounds; round += 1) {
      pairs.push({
        ceiling: await load(ceilingPort, "/", connections, seconds),
        tower: await load(port, PATH, connections, seconds),
      });
    }
    const of = (read: (pair: (typeof pairs)[number]) => number) => median(pairs.map(read));
    const cells = [
      String(connections).padStart(11),
      of((pair) => pair.ceiling.callsPerSecond)
        .toFixed(0)
        .padStart(9),
      of((pair) => pair.tower.callsPerSecond)
        .toFixed(0)
        .padStart(7),
      of((pair) => pair.tower.callsPerSecond / pair.ceiling.callsPerSecond)
        .toFixed(3)
        .padStart(5),
      of((pair) => pair.tower.p50Ms)
        .toFixed(2)
        .padStart(6),
      of((pair) => pair.tower.p99Ms)
        .toFixed(2)
        .padStart(6),
    ];
    print(cells.join(" | "));
  }
  print(`first answer of Python after start: ${firstAnswerMs.toFixed(0)} ms`);
  print(
    `memory of server and runner: ${idleMb.toFixed(0)} MB idle, ${(await residentMb(tower)).toFixed(0)} MB after the load`,
  );
}

async function startTower(port: number): Promise<ChildProcess> {
  const env = {
    PATH: process.env["PATH"],
    HOOKTOWER_PORT: String(port),
    HOOKTOWER_DATA_DIR: dataDir,
    HOOKTOWER_ADMIN_TOKEN: TOKEN,
    HOOKTOWER_LOG_LEVEL: "error",
  };
  const tower = start([here("../bin/hooktower.js"), "serve"], env);
  await waitUntil(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok);
  return tower;
}

async function setUp(port: number): Promise<void> {
  await create(port, "keys", { name: "Bench", reference: "BENCH_GITHUB", secret_value: SECRET });
  await create(port, "webhook-authenticators", { name: "bench", code: AUTHENTICATOR_CODE });
  await create(port, "webhooks", {
    name: "bench",
    endpoint: "bench/push",
    authenticator_id: "bench",
    code: WEBHOOK_CODE,
  });
}

async function create(port: number, collection: string, record: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${collection}`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(record),
  });
  if (response.status !== 201) throw new Error(`setting up ${collection}: ${response.status} ${await response.text()}`);
}

async function answerOnce(port: number): Promise<void> {
  const { calls, errors } = await load(port, PATH, 1, 0);
  if (calls !== 1 || errors !== 0) throw new Error("the tower did not answer 200");
}

async function load(port: number, path: string, connections: number, duration: number): Promise<LoadResult> {
  const generator = start([here("./load.ts")]);
  const request = makeRequest(path, port).toString("base64");
  (generator.stdin as Writable).end(JSON.stringify({ port, connections, seconds: duration, request }));
  const result = JSON.parse(await firstLine(generator)) as LoadResult;
  if (duration > 0 && result.errors > 0) throw new Error(`${result.errors} of ${result.calls} calls failed`);
  return result;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout as Readable })) return line;
  throw new Error("a process ended without a word");
}

/** Resident memory of a process and all that it started, in MB. */
async function residentMb(child: ChildProcess): Promise<number> {
  let total = 0;
  const left = [child.pid];
  for (let pid = left.pop(); pid !== undefined; pid = left.pop()) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    total += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000;
    const own = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    left.push(...own.split(" ").filter(Boolean).map(Number));
  }
  return total;
}

async function waitUntil(check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (await check().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("the tower did not get ready in 30 s");
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function readOption(name: string, fallback: number): number {
  const index = process.argv.indexOf(name);
  return index === -1 ? fallback : Number(process.argv[index + 1]);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
