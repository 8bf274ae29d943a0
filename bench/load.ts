import { connect, type Socket } from "node:net";

/**
 * A load generator for one HTTP/1.1 request over and over, as a process of its own: plain sockets
 * and a request that is built once, so that it takes as little as possible of the two cores that
 * it shares with what it measures.
 *
 * Standard input: JSON `{ port, connections, seconds, request }`, the request as base64.
 * Standard output: JSON `LoadResult`.
 */
export interface LoadResult {
  readonly calls: number;
  /** Answers whose status was not 2xx. */
  readonly errors: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly request: string;
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const order = JSON.parse(Buffer.concat(chunks).toString("utf8")) as LoadOrder;
process.stdout.write(JSON.stringify(await load(order)));

async function load({ port, connections, seconds, request }: LoadOrder): Promise<LoadResult> {
  const bytes = Buffer.from(request, "base64");
  const latencies: number[] = [];
  let errors = 0;
  const startedAt = performance.now();
  const end = startedAt + seconds * 1000;

  function drive(socket: Socket, done: (error?: Error) => void): void {
    let sentAt = 0;
    let received = "";
    const send = () => {
      sentAt = performance.now();
      socket.write(bytes);
    };
    socket.setNoDelay(true);
    socket.on("connect", send);
    socket.on("error", done);
    socket.on("close", () => done());
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const headEnd = received.indexOf("\r\n\r\n");
      if (headEnd === -1) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (received.length < headEnd + 4 + length) return;
      latencies.push(performance.now() - sentAt);
      if (received.charCodeAt(9) !== 0x32) errors += 1;
      received = "";
      if (performance.now() < end) send();
      else socket.end();
    });
  }

  await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<void>((resolve, reject) =>
          drive(connect(port, "127.0.0.1"), (error) => (error ? reject(error) : resolve())),
        ),
    ),
  );
  const elapsed = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    calls: latencies.length,
    errors,
    callsPerSecond: latencies.length / elapsed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
