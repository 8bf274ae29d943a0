import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/**
 * A server for snippets' outgoing requests: it answers any request with what it received.
 * `/status/NNN` answers that status; `/delay/S` sleeps S seconds first.
 */
export async function startEchoServer(): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://echo");
  const body = (await buffer(request)).toString("utf8");
  const status = /^\/status\/(\d{3})$/.exec(url.pathname)?.[1];
  if (status !== undefined) {
    response.writeHead(Number(status), STATUS_CODES[status] ?? "", { "Content-Type": "text/plain" });
    return void response.end(`status ${status}`);
  }
  const delay = /^\/delay\/([\d.]+)$/.exec(url.pathname)?.[1];
  if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, Number(delay) * 1000));
  const echo = {
    method: request.method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body,
    json: parse(body),
  };
  response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(echo));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
