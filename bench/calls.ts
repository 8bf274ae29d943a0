import { availableParallelism } from "node:os";
import type { LoadResult } from "./load.ts";
import { findFreePort, firstLine, here, readCpuTime, residentMb, start, stop } from "./processes.ts";
import { AUTHENTICATOR_CODE, BODY, SECRET, WEBHOOK_CODE } from "./push.ts";
import { create, loadCleanly, PREFIX, startTower } from "./tower.ts";

/**
 * A GitHub-like push through authenticator, code and durable log, at 1, 16 and 64 connections,
 * interleaved with a bare Fastify echo on the same machine. What counts is the ratio: machines
 * differ, and the same one differs from hour to hour.
 */
const CONNECTIONS = [1, 16, 64];
const PATH = `${PREFIX}bench/push`;

export interface CallsOptions {
  readonly dataDir: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly print: (line: string) => void;
}

export async function measureCalls({ dataDir, seconds, rounds, print }: CallsOptions): Promise<void> {
  const port = await findFreePort();
  const firstStart = await startTower(port, dataDir);
  await setUpPush(port);
  // The first start ever makes the interpreter's start image and the database; later ones do not.
  await stop(firstStart);
  const restartedAt = performance.now();
  const tower = await startTower(port, dataDir);
  const { calls } = await loadCleanly(port, PATH, 1, 0);
  if (calls !== 1) throw new Error("the tower did not answer");
  const firstAnswerMs = performance.now() - restartedAt;
  const idleMb = await residentMb(tower);

  const ceiling = start([here("./ceiling.ts")]);
  const ceilingPort = Number(await firstLine(ceiling));
  await loadCleanly(ceilingPort, "/", 16, 1);
  await loadCleanly(port, PATH, 16, 4);

  print(
    `${availableParallelism()} cores, Node ${process.version}, body of ${BODY.length} bytes, ${rounds} rounds of ${seconds} s`,
  );
  print("connections | ceiling/s | tower/s | ratio | p50 ms | p99 ms | CPU µs a call: main, other threads, runners");
  for (const connections of CONNECTIONS) {
    const pairs: Array<{ ceiling: LoadResult; tower: LoadResult; cpuUs: readonly number[] }> = [];
    for (let round = 0; round < rounds; round += 1) {
      const ofCeiling = await loadCleanly(ceilingPort, "/", connections, seconds);
      const before = await readCpuTime(tower);
      const ofTower = await loadCleanly(port, PATH, connections, seconds);
      const after = await readCpuTime(tower);
      const perCall = (ms: number) => (ms * 1000) / ofTower.calls;
      pairs.push({
        ceiling: ofCeiling,
        tower: ofTower,
        cpuUs: [
          perCall(after.mainThread - before.mainThread),
          perCall(after.otherThreads - before.otherThreads),
          perCall(after.children - before.children),
        ],
      });
    }
    const of = (read: (pair: (typeof pairs)[number]) => number, digits: number, width: number) =>
      median(pairs.map(read)).toFixed(digits).padStart(width);
    const cells = [
      String(connections).padStart(11),
      of((pair) => pair.ceiling.callsPerSecond, 0, 9),
      of((pair) => pair.tower.callsPerSecond, 0, 7),
      of((pair) => pair.tower.callsPerSecond / pair.ceiling.callsPerSecond, 3, 5),
      of((pair) => pair.tower.p50Ms, 2, 6),
      of((pair) => pair.tower.p99Ms, 2, 6),
      [0, 1, 2].map((part) => of((pair) => pair.cpuUs[part] ?? 0, 0, 4)).join(", "),
    ];
    print(cells.join(" | "));
  }
  print(`first answer of Python after start: ${firstAnswerMs.toFixed(0)} ms`);
  print(
    `memory of server and runners: ${idleMb.toFixed(0)} MB idle, ${(await residentMb(tower)).toFixed(0)} MB after the load`,
  );
  await stop(tower);
  await stop(ceiling);
}

/** The webhook that the push is sent to. */
export async function setUpPush(port: number): Promise<void> {
  await create(port, "keys", { name: "Bench", reference: "BENCH_GITHUB", secret_value: SECRET });
  await create(port, "webhook-authenticators", { name: "bench", code: AUTHENTICATOR_CODE });
  await create(port, "webhooks", {
    name: "bench",
    endpoint: "bench/push",
    authenticator_id: "bench",
    code: WEBHOOK_CODE,
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
