import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallsOptions } from "./calls.ts";
import { findFreePort, residentMb, stop } from "./processes.ts";
import { create, PREFIX, startTower } from "./tower.ts";

/** Calls at once; each waits for an HTTP answer that takes this long. */
const CALLS = 1_000;
const ANSWER_MS = 1_000;

/** A thousand calls in flight whose code waits for another server, all on one runner. */
export async function measureWaiting({ dataDir, rounds, print }: CallsOptions): Promise<void> {
  const slow = await startSlowServer();

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
    code: `response = requests.get("http://127.0.0.1:${slow.port}/", timeout=20)\nresult["message"] = response.json()["ok"]`,
  });

  const request = Buffer.from(
    `POST ${PREFIX}bench/waits HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: 2\r\n\r\n{}`,
  );
  print(`${CALLS} calls at once, each waits ${ANSWER_MS} ms for an HTTP answer, one runner`);
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    const calls = Promise.all(Array.from({ length: CALLS }, () => call(port, request)));
    await sleep(ANSWER_MS * 0.9);
    const waitingMb = await residentMb(tower);
    const good = (await calls).filter((status) => status === 200).length;
    const tookMs = performance.now() - startedAt;
    print(
      `${good} answered 200 in ${tookMs.toFixed(0)} ms, at most ${slow.mostInFlight} in flight, ${waitingMb.toFixed(0)} MB while waiting`,
    );
  }
  await stop(tower);
  slow.close();
}

/** Bare sockets, as in `load.ts`: a client and a server that warm up themselves took 1.2 to 1.4 s of processor time, these take 0.3. */
async function startSlowServer(): Promise<{ readonly port: number; readonly mostInFlight: number; close(): void }> {
  const answer = Buffer.from(
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"ok": true}',
  );
  const sockets = new Set<Socket>();
  let inFlight = 0;
  let mostInFlight = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    // One request at a time, without a body: it comes in one piece.
    socket.on("data", () => {
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      setTimeout(() => {
        inFlight -= 1;
        socket.write(answer);
      }, ANSWER_MS);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  // All connections come at once: the default backlog of 511 would make half of them try again later.
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get mostInFlight() {
      return mostInFlight;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** @returns the status of the answer; 0 when there is none */
function call(port: number, request: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.write(request));
    socket.once("data", (chunk: Buffer) => {
      resolve(Number(chunk.toString("latin1", 9, 12)));
      socket.destroy();
    });
    socket.once("error", () => resolve(0));
    socket.once("close", () => resolve(0));
  });
}
