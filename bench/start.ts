import { spawnSync } from "node:child_process";
import { cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { CallsOptions } from "./calls.ts";
import { createPostgresDatabase } from "./postgres.ts";
import { findFreePort, firstLine, here, stop } from "./processes.ts";
import { create, PREFIX, startTower, startTowerAt } from "./tower.ts";

/** From the start of the process to the first answer of a webhook in Python, of what is published to npm. */

const LEAST_ROUNDS = 9;

export async function measureStart({ dataDir, rounds, print }: CallsOptions): Promise<void> {
  const bin = await makePackage(join(dataDir, "package"));
  print("database | listening ms: least, median, most | first answer of Python ms: least, median, most");
  await measure("SQLite", {});
  await using database = await createPostgresDatabase();
  await measure("PostgreSQL", { HOOKTOWER_DATABASE_URL: database.url });

  async function measure(name: string, env: NodeJS.ProcessEnv): Promise<void> {
    const folder = join(dataDir, name);
    const port = await findFreePort();
    // Makes the database and the interpreter's start image, and fills Node's cache of compiled code.
    const first = await startTower(port, folder, env, bin);
    await create(port, "webhook-authenticators", { name: "open", code: 'result["allowed"] = True' });
    await create(port, "webhooks", {
      name: "start",
      endpoint: "bench/start",
      authenticator_id: "open",
      code: 'result["message"] = str(6 * 7)',
    });
    await stop(first);

    const listening: number[] = [];
    const answered: number[] = [];
    for (let round = 0; round < Math.max(rounds, LEAST_ROUNDS); round += 1) {
      const startedAt = performance.now();
      const tower = startTowerAt(port, folder, env, bin);
      await firstLine(tower);
      listening.push(performance.now() - startedAt);
      const response = await fetch(`http://127.0.0.1:${port}${PREFIX}bench/start`, { method: "POST", body: "{}" });
      answered.push(performance.now() - startedAt);
      if (response.status !== 200) throw new Error(`answered ${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
      await stop(tower);
    }
    print([name.padEnd(10), describe(listening), describe(answered)].join(" | "));
  }
}

function describe(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((value) => value?.toFixed(0)).join(", ");
}

/** @returns the path of the launcher in a folder that holds what is published, as npm would install it */
async function makePackage(folder: string): Promise<string> {
  const { status } = spawnSync(process.execPath, [here("../scripts/build.ts")], { stdio: "inherit" });
  if (status !== 0) throw new Error("the build failed");
  await mkdir(folder, { recursive: true });
  for (const name of ["bin", "dist", "package.json"])
    await cp(here(`../${name}`), join(folder, name), { recursive: true });
  await symlink(here("../node_modules"), join(folder, "node_modules"));
  return join(folder, "bin", "hooktower.js");
}
