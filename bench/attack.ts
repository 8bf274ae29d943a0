import { setUpPush, type CallsOptions } from "./calls.ts";
import { findFreePort, stop } from "./processes.ts";
import { create, load, PREFIX, startTower } from "./tower.ts";

/** What the neighbour does. Each is called again as soon as it was answered. */
const ATTACKS = {
  nothing: "pass",
  "loops for ever": "while True: pass",
  "swallows the interrupt": "while True:\n    try:\n        while True: pass\n    except Exception: pass",
  "computes in C": "9 ** 9 ** 9",
  "takes memory": "x = []\nwhile True: x.append('x' * 1000000)",
  "kills the interpreter": "a = []\nfor _ in range(100000): a = [a]\nrepr(a)",
  "floods the log": "for _ in range(20000): _logger.info('x' * 1000)",
  waits: "time.sleep(2)",
} as const;

/** Connections of the healthy webhook, and calls of the attacker at once. */
const HEALTHY_CONNECTIONS = 8;
const ATTACKERS = 2;

/** How the calls of a healthy webhook fare beside one that does its worst, on the same single runner. */
export async function measureAttack({ dataDir, seconds, print }: CallsOptions): Promise<void> {
  const port = await findFreePort();
  const tower = await startTower(port, dataDir, { HOOKTOWER_PYTHON_RUNNERS: "1" });
  await setUpPush(port);
  await create(port, "webhook-authenticators", { name: "open", code: 'result["allowed"] = True' });
  const names = Object.keys(ATTACKS) as Array<keyof typeof ATTACKS>;
  for (const [index, name] of names.entries()) {
    const endpoint = `attack/${index}`;
    await create(port, "webhooks", { name, endpoint, authenticator_id: "open", code: ATTACKS[name] });
  }
  await load(port, `${PREFIX}bench/push`, HEALTHY_CONNECTIONS, 2);
  print(`a healthy webhook at ${HEALTHY_CONNECTIONS} connections beside a neighbour, one runner`);
  print("neighbour              | calls/s |  p50 ms |  p99 ms | not 200");
  for (const [index, name] of names.entries()) {
    const end = performance.now() + seconds * 1000;
    const attackers = Array.from({ length: ATTACKERS }, () => attack(port, `${PREFIX}attack/${index}`, end));
    const healthy = await load(port, `${PREFIX}bench/push`, HEALTHY_CONNECTIONS, seconds);
    await Promise.all(attackers);
    const cells = [
      name.padEnd(22),
      healthy.callsPerSecond.toFixed(0).padStart(7),
      healthy.p50Ms.toFixed(1).padStart(7),
      healthy.p99Ms.toFixed(1).padStart(7),
      String(healthy.errors).padStart(7),
    ];
    print(cells.join(" | "));
  }
  await stop(tower);
}

async function attack(port: number, path: string, end: number): Promise<void> {
  while (performance.now() < end) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: "{}" });
    await response.arrayBuffer();
  }
}
