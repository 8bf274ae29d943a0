import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureAttack } from "./attack.ts";
import { measureCalls } from "./calls.ts";
import { stopAll } from "./processes.ts";
import { measureServers } from "./servers.ts";
import { measureStart } from "./start.ts";
import { measureWaiting } from "./waiting.ts";
import { measureWrites } from "./writes.ts";

/**
 * `npm run bench [-- SCENARIO…] [--seconds N] [--rounds N]`: runs the scenarios that are named, or
 * all. `--seconds` is the length of each measurement (4), `--rounds` how often it is made (3).
 */
const SCENARIOS = {
  /** From the start of the process to the first answer of Python. */
  start: measureStart,
  /** Throughput and latency against a bare Fastify. */
  calls: measureCalls,
  /** A thousand calls that all wait for an HTTP answer, on one runner. */
  waiting: measureWaiting,
  /** A healthy webhook beside one that does its worst. */
  attack: measureAttack,
  /** One call that runs a command on 200 servers. */
  servers: measureServers,
  /** One run that changes records as often as it may. */
  writes: measureWrites,
} as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "4" }, rounds: { type: "string", default: "3" } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(SCENARIOS, name));
if (unknown.length > 0) throw new Error(`there is no scenario ${unknown.join(", ")}`);

for (const [name, measure] of Object.entries(SCENARIOS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const dataDir = await mkdtemp(join(tmpdir(), "hooktower-bench-"));
  try {
    print(`— ${name}`);
    await measure({ dataDir, seconds: Number(values.seconds), rounds: Number(values.rounds), print });
  } finally {
    stopAll();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
