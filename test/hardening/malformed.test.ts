import { connect } from "node:net";
import { expect, it } from "vitest";
import { startTowerProcess, readMemoryMb, type TowerProcess } from "../support/tower-process.ts";
import { makeDataDir } from "../support/tower.ts";
import { createRandom, makeMalformedRequests, type MalformedRequest } from "./malformed-requests.ts";

const REQUESTS = 10_000;
const CONNECTIONS = 12;
const MAX_PIPELINED = 12;
const PART_PAUSE_MS = 150;
const UNFRAMED_PAUSE_MS = 40;
const ANSWER = /HTTP\/1\.1 (\d{3}) /g;
/** A connection that the server keeps open is closed from our side after this. */
const PATIENCE_MS = 4000;
const SEED = Number(process.env["HOOKTOWER_TEST_SEED"] ?? 20_261_124);
const MAX_MEMORY_MB = 600;

it("10,000 malformed requests break nothing, and a healthy webhook answers throughout", async () => {
  await using dataDir = await makeDataDir();
  await using tower = await startTowerProcess(dataDir.path);
  const healthy = (await tower.addWebhook()).endpoint;
  const healthyCalls = watchHealth(tower, healthy);
  const statuses = await sendAll(tower, await addTargets(tower));
  const health = await healthyCalls.stop();
  const context = `seed ${SEED}: ${JSON.stringify(Object.fromEntries(statuses))}\n${tower.errors.slice(-3000)}`;

  expect(tower.isRunning, context).toBe(true);
  expect((await tower.send("/readyz", { method: "GET" })).status, context).toBe(200);
  // 501 and 505 name a method or version that is not spoken. 503 would say that a runner was lost: none may be.
  const serverErrors = [...statuses.keys()].filter((status) => status >= 500 && status !== 501 && status !== 505);
  expect(serverErrors, context).toEqual([]);
  // The server speaks up about faults of its own, and about runners that it had to replace.
  expect(
    tower.errors.split("\n").filter((line) => line.includes('"level":50') || line.includes('"level":40')),
    context,
  ).toEqual([]);
  expect(statuses.get(200), context).toBeGreaterThan(1000);
  expect(statuses.get(400), context).toBeGreaterThan(100);
  expect(statuses.get(404), context).toBeGreaterThan(500);

  expect(health.calls).toBeGreaterThan(20);
  expect(health.failures).toEqual([]);
  expect(health.slowestMs).toBeLessThan(2000);
  expect((await tower.call(healthy)).message).toBe("webhook ran");
  expect(await readMemoryMb(tower.pid)).toBeLessThan(MAX_MEMORY_MB);
  const { items } = await tower.must<{ items: unknown[] }>("GET", "/webhook-logs?limit=500");
  expect(items).toHaveLength(500);
}, 120_000);

/** Paths of webhooks of every kind, and of none. */
async function addTargets(tower: TowerProcess): Promise<[string, ...string[]]> {
  await tower.addSecret("SIGNING", "key");
  const signed = `digest = hmac.new(#!cxtower.secret.SIGNING!#.encode(), raw_data, hashlib.sha256).hexdigest()
result = {"allowed": hmac.compare_digest("sha256=" + digest, headers.get("X-Hub-Signature-256", ""))}`;
  const webhooks = [
    await tower.addWebhook(),
    // As text: infinities in a payload are no JSON, which would be the code's own failure.
    await tower.addWebhook({ code: 'result = {"message": str(payload)}' }),
    await tower.addWebhook({ code: 'result = {"message": [str(payload), json.dumps(headers)]}' }),
    await tower.addWebhook({ code: 'result = {"message": payload}', fields: { content_type: "form" } }),
    await tower.addWebhook({ code: 'result = {"message": payload}', fields: { method: "get" } }),
    await tower.addWebhook({ authenticator: signed }),
    await tower.addWebhook({
      authenticatorFields: { trusted_proxy_ips: "127.0.0.1", allowed_ip_addresses: "127.0.0.1,::1" },
    }),
  ];
  const paths = webhooks.map(({ endpoint }) => `/cetmix_tower_webhooks/${endpoint}`);
  return ["/cetmix_tower_webhooks/none", ...paths, "/", "/api/v1/webhooks", "/api/v1/session", "/healthz", "/metrics"];
}

/** @returns how often each status was answered */
async function sendAll(tower: TowerProcess, paths: [string, ...string[]]): Promise<Map<number, number>> {
  const requests = makeMalformedRequests(createRandom(SEED), paths);
  const statuses = new Map<number, number>();
  let left = REQUESTS;

  let unframed: MalformedRequest | null = null;

  /** A few that can follow one another, or one that cannot be followed. */
  function nextBatch(): MalformedRequest[] {
    const batch: MalformedRequest[] = [];
    if (unframed) {
      batch.push(unframed);
      unframed = null;
      return batch;
    }
    while (left > 0 && batch.length < MAX_PIPELINED) {
      left -= 1;
      const request = requests.next().value;
      if (request.isFramed) batch.push(request);
      else if (batch.length === 0) return [request];
      else {
        unframed = request;
        break;
      }
    }
    return batch;
  }

  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
        const answer = await exchange(Number(new URL(tower.url).port), batch);
        for (const [, status] of answer.matchAll(ANSWER))
          statuses.set(Number(status), (statuses.get(Number(status)) ?? 0) + 1);
      }
    }),
  );
  return statuses;
}

/**
 * Writes the requests over one connection, and hangs up when all are answered; on one that has no
 * end, after a moment.
 *
 * @returns all that came back
 */
function exchange(port: number, batch: readonly MalformedRequest[]): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1");
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on("data", (chunk: string) => {
      answer += chunk;
      if (batch[0]?.isFramed && countAnswers(answer) >= batch.length) socket.destroy();
    });
    // A server that gives up on a request may close while we still write.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.on("connect", () => void writeAll());

    async function writeAll(): Promise<void> {
      for (const { parts } of batch) {
        for (const [index, part] of parts.entries()) {
          if (index > 0) await sleep(PART_PAUSE_MS);
          if (socket.writable) socket.write(part);
        }
      }
      if (batch[0]?.isFramed) return;
      await sleep(UNFRAMED_PAUSE_MS);
      socket.end();
    }
  });
}

function countAnswers(text: string): number {
  return [...text.matchAll(ANSWER)].filter(([, status]) => status !== "100").length;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Calls a webhook all the time. */
function watchHealth(tower: TowerProcess, endpoint: string) {
  const health = { calls: 0, failures: [] as unknown[], slowestMs: 0 };
  let going = true;
  const done = (async () => {
    while (going) {
      const startedAt = performance.now();
      const answer = await tower.call(endpoint).catch((error: unknown) => ({ status: 0, text: String(error) }));
      health.calls += 1;
      health.slowestMs = Math.max(health.slowestMs, performance.now() - startedAt);
      if (answer.status !== 200) health.failures.push([answer.status, answer.text]);
      await sleep(20);
    }
  })();
  return {
    async stop() {
      going = false;
      await done;
      return health;
    },
  };
}
