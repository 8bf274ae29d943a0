import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallsOptions } from "./calls.ts";
import { findFreePort, residentMb, stop } from "./processes.ts";
import { create, PREFIX, startTower } from "./tower.ts";

/** Calls at once; each waits for an HTTP answer that takes this long. */
const CALLS = 1_000;
const ANSWER_MS = 1_000;

/** A thousand calls in flight whose code waits for another server, all on one runner. */
export async function measureWaiting({ dataDir, rounds, print }: CallsOptions): Promise<void> {
  let inFlight = 0;
  let mostInFlight = 0;
  const slow = createServer((_request, response) => {
    inFlight += 1;
    mostInFlight = Math.max(mostInFlight, inFlight);
    setTimeout(() => {
      inFlight -= 1;
      response.end('{"ok": true}');
    }, ANSWER_MS);
  });
  // All connections come at once: the default backlog of 511 would make half of them try again later.
  await new Promise<void>((resolve) => slow.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, resolve));
  const slowPort = (slow.address() as AddressInfo).port;

  const port = await findFreePort();
  const tower = await startTower(port, dataDir, {
    HOOKTOWER_PYTHON_RUNNERS: "1",
    HOOKTOWER_MAX_CALLS_PER_WEBHOOK: String(CALLS),
    HOOKTOWER_EGRESS_ALLOW_PRIVATE: "true",
  });
  await create(port, "webhook-authenticators", { name: "open", code: 'result["allowed"] = True' });
  await create(port, "webhooks", {
    name: "waits",
    endpoint: "bench/waits",
    authenticator_id: "open",
    code: `response = requests.get("http://127.0.0.1:${slowPort}/", timeout=20)\nresult["message"] = response.json()["ok"]`,
  });

  print(`${CALLS} calls at once, each waits ${ANSWER_MS} ms for an HTTP answer, one runner`);
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    const calls = Promise.all(Array.from({ length: CALLS }, () => call(port)));
    await sleep(ANSWER_MS * 0.9);
    const waitingMb = await residentMb(tower);
    const good = (await calls).filter((status) => status === 200).length;
    const tookMs = performance.now() - startedAt;
    print(
      `${good} answered 200 in ${tookMs.toFixed(0)} ms, at most ${mostInFlight} in flight, ${waitingMb.toFixed(0)} MB while waiting`,
    );
  }
  await stop(tower);
  slow.closeAllConnections();
  slow.close();
}

async function call(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${PREFIX}bench/waits`, { method: "POST", body: "{}" });
  await response.arrayBuffer();
  return response.status;
}
