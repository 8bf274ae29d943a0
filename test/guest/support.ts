import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { bindHostCalls, type RunContext } from "../../src/guest/host-calls.ts";
import { createNetworkCalls, type NetworkOptions } from "../../src/guest/network-calls.ts";
import { GuestError, type HostCallHandler, type Json } from "../../src/sandbox/sandbox.ts";

/** A run that has nothing to do with records. */
export const NO_RECORDS: RunContext = { unit: null, user: null, callId: null, remainingMs: () => 30_000 };

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Every connection that was ever opened. */
  readonly sockets: readonly Socket[];
}

/** A server of HTTP on 127.0.0.1. */
export function startServer(answer: RequestListener): Promise<TestServer> {
  return listen(createServer(answer), "http");
}

export function startTlsServer(options: ServerOptions, answer: RequestListener): Promise<TestServer> {
  return listen(createTlsServer(options, answer), "https");
}

export async function listen(server: Server, scheme: string): Promise<TestServer> {
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An answer of `http.request`. */
export interface HttpAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly text: string;
  readonly too_deep: boolean;
}

export interface TestNetwork extends AsyncDisposable {
  readonly onHostCall: HostCallHandler;
  /** One `http.request`; what is not given is that of a plain GET. */
  send(args: { readonly url: string; readonly [name: string]: Json }, signal?: AbortSignal): Promise<HttpAnswer>;
}

/** The network as programs have it; loopback may be reached. */
export function openNetwork(options: Partial<NetworkOptions> = {}): TestNetwork {
  const network = createNetworkCalls({
    egress: { allowPrivate: true, allow: [] },
    maxResponseBytes: 1024 * 1024,
    ...options,
  });
  const onHostCall = bindHostCalls(network.hostCalls, {
    unit: null,
    user: null,
    callId: null,
    remainingMs: () => 30_000,
  });
  return {
    onHostCall,
    async send(args, signal = new AbortController().signal) {
      const answer = (await onHostCall("http.request", { ...PLAIN_GET, ...args }, signal)) as unknown as HttpAnswer & {
        readonly body: string;
      };
      return { ...answer, text: Buffer.from(answer.body, "base64").toString("utf8") };
    },
    [Symbol.asyncDispose]: network.close,
  };
}

const PLAIN_GET: { readonly [name: string]: Json } = {
  method: "GET",
  headers: [],
  body: null,
  connect_timeout: null,
  read_timeout: null,
  verify: true,
};

/** The exception that a host call ends with, as `Type: text`. */
export async function findGuestError(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "no error";
  } catch (error) {
    if (error instanceof GuestError) return `${error.type}: ${error.message}`;
    throw error;
  }
}
