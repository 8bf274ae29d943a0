import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { startTowerProcess } from "../support/tower-process.ts";
import { makeDataDir } from "../support/tower.ts";

/** More than Node lets wait by default (511), but not more than the kernel may allow. */
const SENDERS = Math.min(1000, Number(await readFile("/proc/sys/net/core/somaxconn", "utf8")));

it("lets a burst of senders connect while the server is busy, and answers all of them", async () => {
  await using dataDir = await makeDataDir();
  await using tower = await startTowerProcess(dataDir.path);
  const { hostname, port } = new URL(tower.url);
  const sockets: Socket[] = [];
  // A stopped process accepts nothing: what is connected then is in the queue of the kernel.
  tower.kill("SIGSTOP");
  try {
    await Promise.all(
      Array.from({ length: SENDERS }, async () => {
        const socket = connect({ host: hostname, port: Number(port) });
        sockets.push(socket);
        await once(socket, "connect", { signal: AbortSignal.timeout(10_000) });
      }),
    );
    const answers = sockets.map(async (socket) => {
      socket.write("GET /healthz HTTP/1.1\r\nhost: tower\r\nconnection: close\r\n\r\n");
      const [chunk] = (await once(socket, "data")) as [Buffer];
      return chunk.toString("latin1", 0, 15);
    });
    tower.kill("SIGCONT");
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["HTTP/1.1 200 OK"]));
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}, 60_000);
