import type { CallsOptions } from "./calls.ts";
import { createPostgresDatabase } from "./postgres.ts";
import { findFreePort, stop } from "./processes.ts";
import { create, PREFIX, startTower } from "./tower.ts";

/** As often as one run may change records. */
const WRITES = 200;

/** One run that writes to a record many times: each time, what it wrote before has to be there again. */
export async function measureWrites({ dataDir, rounds, print }: CallsOptions): Promise<void> {
  print(`one run that makes a tag and writes to it ${WRITES - 1} times`);
  await measure("SQLite", {});
  await using database = await createPostgresDatabase();
  await measure("PostgreSQL", { HOOKTOWER_DATABASE_URL: database.url });

  async function measure(name: string, env: NodeJS.ProcessEnv): Promise<void> {
    const port = await findFreePort();
    const tower = await startTower(port, `${dataDir}/${name}`, { HOOKTOWER_WALL_LIMIT_MS: "600000", ...env });
    await create(port, "webhook-authenticators", { name: "open", code: 'result["allowed"] = True' });
    await create(port, "webhooks", {
      name: "writes",
      endpoint: "bench/writes",
      authenticator_id: "open",
      code: `tag = env["cx.tower.tag"].create({"name": "x"})\nfor n in range(${WRITES - 1}): tag.write({"color": n % 100})`,
    });
    const took: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const startedAt = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}${PREFIX}bench/writes`, { method: "POST", body: "{}" });
      if (response.status !== 200) throw new Error(`answered ${response.status}: ${await response.text()}`);
      took.push(performance.now() - startedAt);
    }
    print(`${name.padEnd(10)} ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
    await stop(tower);
  }
}
