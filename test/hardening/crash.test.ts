import { describe, expect, it } from "vitest";
import { describePostgres } from "../support/databases.ts";
import { startTowerProcess, type TowerProcess } from "../support/tower-process.ts";
import { createTowerClient, makeDataDir } from "../support/tower.ts";

const CONNECTIONS = 8;

/** What is promised when a process dies or is told to stop in the middle of its work. */
describe("kill -9 under load", () => {
  it("loses no call whose answer was received: SQLite, 20 rounds", async () => {
    await using dataDir = await makeDataDir();
    await killInRounds(20, dataDir.path, {});
  }, 180_000);

  describePostgres((databases) => {
    it("loses no call whose answer was received: PostgreSQL, 5 rounds", async () => {
      await using dataDir = await makeDataDir();
      await using location = await databases.createLocation();
      await killInRounds(5, dataDir.path, { HOOKTOWER_DATABASE_URL: location.url ?? "" });
    }, 120_000);
  });
});

describe("kill -9 of a runner under load", () => {
  it("costs only calls that were on it, and the service is back within 5 s", async () => {
    await using dataDir = await makeDataDir();
    await using tower = await startTowerProcess(dataDir.path);
    const { endpoint } = await tower.addWebhook({ code: 'time.sleep(0.05)\nresult = {"message": "ran"}' });
    const statuses: number[] = [];
    let loading = true;
    const load = Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (loading) statuses.push((await tower.call(endpoint)).status);
      }),
    );
    for (let round = 0; round < 3; round += 1) {
      await sleep(300);
      const runners = await tower.runners();
      expect(runners.length).toBeGreaterThan(0);
      for (const pid of runners) process.kill(pid, "SIGKILL");
      const killedAt = performance.now();
      const from = statuses.length;
      await expect
        .poll(() => statuses.slice(from).filter((status) => status === 200).length, { timeout: 10_000 })
        .toBeGreaterThan(CONNECTIONS);
      expect(performance.now() - killedAt).toBeLessThan(5000);
    }
    loading = false;
    await load;
    const failed = statuses.filter((status) => status !== 200);
    expect(failed.every((status) => status === 500 || status === 503)).toBe(true);
    expect(failed.length).toBeLessThanOrEqual(3 * CONNECTIONS);
    expect(tower.isRunning).toBe(true);
  }, 60_000);
});

describe("SIGTERM", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s answers the calls in flight and ends with 0",
    async (signal) => {
      await using dataDir = await makeDataDir();
      await using tower = await startTowerProcess(dataDir.path);
      const { endpoint } = await tower.addWebhook({ code: 'time.sleep(1)\nresult = {"message": "ran"}' });
      const calls = Array.from({ length: 20 }, () => tower.call(endpoint));
      await sleep(300);
      tower.kill(signal);
      const answers = await Promise.all(calls);
      expect(answers.map(({ message }) => message)).toEqual(Array(20).fill("ran"));
      expect(await tower.ended).toEqual({ code: 0, signal: null });
      expect(await tower.runners()).toEqual([]);

      await using again = await startTowerProcess(dataDir.path);
      for (const answer of answers) expect((await again.logOf(answer)).http_status).toBe(200);
    },
    60_000,
  );

  it("ends a tower without calls within 3 s, whatever keep-alive connections there are", async () => {
    await using dataDir = await makeDataDir();
    await using tower = await startTowerProcess(dataDir.path);
    await tower.send("/healthz", { method: "GET" });
    const startedAt = performance.now();
    tower.kill("SIGTERM");
    expect(await tower.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedAt).toBeLessThan(3000);
  }, 60_000);
});

/** Each round starts a tower on the same data, looks for what the round before was promised, and kills it under load. */
async function killInRounds(rounds: number, dataDir: string, env: Readonly<Record<string, string>>): Promise<void> {
  const promised: string[] = [];
  let endpoint = "";
  let found = 0;
  for (let round = 0; round <= rounds; round += 1) {
    await using tower = await startTowerProcess(dataDir, env);
    if (round === 0) endpoint = (await tower.addWebhook()).endpoint;
    for (const id of promised.splice(0)) {
      expect((await tower.api("GET", `/webhook-logs/${id}`)).status, `call ${id} of round ${round}`).toBe(200);
      found += 1;
    }
    if (round < rounds) promised.push(...(await loadAndKill(tower, endpoint)));
  }
  // Otherwise nothing was put to the test.
  expect(found).toBeGreaterThan(rounds * CONNECTIONS);
}

/** @returns ids of the calls whose answer 200 came */
async function loadAndKill(tower: TowerProcess, endpoint: string): Promise<string[]> {
  const answered: string[] = [];
  const client = createTowerClient(tower.url);
  const load = Array.from({ length: CONNECTIONS }, async () => {
    for (;;) {
      const answer = await client.call(endpoint).catch(() => null);
      if (!answer) return;
      if (answer.status === 200) answered.push(answer.id);
    }
  });
  // By answers, not by time alone: a busy machine gives few in a tenth of a second.
  await expect.poll(() => answered.length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(CONNECTIONS);
  await sleep(Math.random() * 120);
  tower.kill("SIGKILL");
  await Promise.all(load);
  client.close();
  return answered;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
