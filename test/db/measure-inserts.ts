import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ColumnValue } from "../../src/db/database.ts";
import { openDatabase } from "../../src/db/open.ts";
import { openConnection } from "../../src/db/sqlite/connection.ts";
import { silentLogger as logger } from "../../src/lib/logger.ts";
import { LOG_COLUMNS, makeLogRow } from "./rows.ts";

/**
 * Not a test: measures `insertRows` with rows of 1.5 KB, and on SQLite the same on the main thread.
 *
 *     node test/db/measure-inserts.ts [postgres://…]     (a database that may be filled)
 */
const ROUNDS = 2;
const SHAPES = [
  { size: 50, batches: 300 },
  { size: 1, batches: 1500 },
];

/** In the order of time, as the ids of calls are: random ones cost twice as much, for the index. */
let lastId = 0;
const makeId = () => `${Date.now().toString(16).padStart(12, "0")}-${(++lastId).toString().padStart(23, "0")}`;

type Insert = (rows: ColumnValue[][]) => Promise<void>;

async function measure(name: string, insert: Insert): Promise<void> {
  for (const { size, batches } of SHAPES) {
    const work = Array.from({ length: batches }, () =>
      Array.from({ length: size }, () => makeLogRow(makeId(), {}, 1300)),
    );
    const latencies: number[] = [];
    const startCpu = process.cpuUsage();
    const startMain = process.threadCpuUsage();
    const start = performance.now();
    for (const rows of work) {
      const sent = performance.now();
      await insert(rows);
      latencies.push(performance.now() - sent);
    }
    const elapsedMs = performance.now() - start;
    const main = process.threadCpuUsage(startMain);
    const all = process.cpuUsage(startCpu);
    const count = size * batches;
    latencies.sort((a, b) => a - b);
    console.log(
      name.padEnd(22),
      `batch ${size}`.padEnd(9),
      `${Math.round((count / elapsedMs) * 1000)} rows/s`.padEnd(15),
      `main thread ${((main.user + main.system) / count).toFixed(1)} µs/row`.padEnd(28),
      `all threads ${((all.user + all.system) / count).toFixed(1)} µs/row`.padEnd(28),
      `p50 ${latencies[latencies.length >> 1]?.toFixed(2)} ms`,
    );
  }
}

const url = process.argv[2];
const dataDir = await mkdtemp(join(tmpdir(), "hooktower-measure-"));
const db = await openDatabase({ url, dataDir, logger });
const direct = url ? null : openConnection({ path: join(dataDir, "hooktower.sqlite"), access: "write" });
const statement = direct?.prepare(
  `insert into webhook_logs (${LOG_COLUMNS.join(", ")}) values (${LOG_COLUMNS.map(() => "?").join(", ")})`,
);

for (let round = 0; round < ROUNDS; round++) {
  await measure(db.dialect, (rows) => db.insertRows("webhook_logs", LOG_COLUMNS, rows));
  if (!direct || !statement) continue;
  await measure("SQLite, main thread", async (rows) => {
    direct.exec("begin immediate");
    for (const row of rows) statement.run(...row);
    direct.exec("commit");
  });
}
direct?.close();
await db.close();
await rm(dataDir, { recursive: true });
