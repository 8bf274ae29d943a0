import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";

/** A request as it came, without what differs between clients on purpose. */
export interface SentRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Latin-1. */
  readonly body: string;
}

export interface RecordingServer extends AsyncDisposable {
  readonly url: string;
  /** What came since it was asked last. */
  takeSent(): SentRequest[];
}

/** Headers in which every client is itself, or that belong to the connection. */
const CLIENTS_OWN = new Set(["user-agent", "accept-encoding", "connection", "host"]);

type Canned = readonly [
  headers: Readonly<Record<string, string | string[]>>,
  body: string | Uint8Array,
  status?: number,
];

const JSON_TEXT = '{"a": [1, null, "é"]}';

const CANNED: Readonly<Record<string, Canned>> = {
  "/text-latin1": [{ "Content-Type": "text/html" }, Buffer.from("é", "latin1")],
  "/text-utf8": [{ "Content-Type": "text/plain; charset=utf-8" }, "é €"],
  "/text-quoted-charset": [{ "Content-Type": 'text/plain; Charset="UTF-8"' }, "é"],
  "/json": [{ "Content-Type": "application/json" }, JSON_TEXT],
  "/json-latin1": [{ "Content-Type": "application/json; charset=iso-8859-1" }, Buffer.from(JSON_TEXT, "latin1")],
  "/json-utf16": [{ "Content-Type": "application/json; charset=utf-16" }, Buffer.from(`\ufeff${JSON_TEXT}`, "utf16le")],
  "/json-utf8-mark": [{ "Content-Type": "text/plain; charset=utf-8-sig" }, `\ufeff${JSON_TEXT}`],
  "/json-list": [{ "Content-Type": "application/json" }, "[1, 2]"],
  "/json-number": [{ "Content-Type": "application/json" }, "[1.50, 123456789012345678901234567890]"],
  "/broken-json": [{ "Content-Type": "application/json" }, '{"a": 1,\n "b": }'],
  "/bytes": [{ "Content-Type": "application/octet-stream" }, Buffer.alloc(0)],
  "/bytes-ascii": [{ "Content-Type": "application/octet-stream" }, "abc"],
  "/bytes-utf8": [{ "Content-Type": "application/octet-stream" }, '{"name": "größe und maß über alles"}'],
  "/unknown-charset": [{ "Content-Type": "text/plain; charset=nonsense" }, "abc"],
  "/no-type": [{}, "abc"],
  "/empty": [{ "Content-Type": "text/plain" }, ""],
  "/no-content": [{}, "", 204],
  "/gzip": [{ "Content-Type": "application/json", "Content-Encoding": "gzip" }, gzipSync(JSON_TEXT)],
  "/deflate": [{ "Content-Type": "text/plain", "Content-Encoding": "deflate" }, deflateSync("deflated")],
  "/deflate-raw": [{ "Content-Type": "text/plain", "Content-Encoding": "deflate" }, deflateRawSync("deflated")],
  "/identity": [{ "Content-Type": "text/plain", "Content-Encoding": "identity" }, "as it is"],
  "/unknown-coding": [{ "Content-Type": "text/plain", "Content-Encoding": "own" }, "as it is"],
  "/broken-gzip": [{ "Content-Encoding": "gzip" }, "this is no gzip"],
  "/repeated-headers": [{ "X-One": ["1", "2"], "X-Two": "3" }, "x"],
  "/set-cookies": [
    {
      "Set-Cookie": [
        "a=1; Path=/",
        'b="two"; HttpOnly',
        "gone=1; Max-Age=0",
        "old=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
      ],
    },
    "x",
  ],
  "/cookie-and-go": [{ "Set-Cookie": ["way=1; Path=/", "elsewhere=1; Path=/other"], Location: "/echo" }, "", 302],
  "/links": [
    { Link: '<https://a.example/?page=2>; rel="next", <https://a.example/?page=9>; rel=last; title="the end"' },
    "x",
  ],
  "/lines": [{ "Content-Type": "text/plain" }, "one\ntwo\r\nthree\n"],
  "/relative/place": [{ Location: "other?a=b" }, "", 302],
  "/strange-place": [{ Location: "/echo/a b/%7e?q=x|y" }, "", 302],
  "/to-ftp": [{ Location: "ftp://example.com/x" }, "", 302],
};

/** A server that writes down what it is sent and answers by the path. */
export async function startRecordingServer(): Promise<RecordingServer> {
  let sent: SentRequest[] = [];
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "/" } = request;
    const body = (await buffer(request)).toString("latin1");
    sent.push({ method, target: url, headers: readHeaders(request), body });
    const path = url.split("?")[0] ?? "";
    const canned = CANNED[path];
    if (canned) return send(response, ...canned);
    if (path === "/hang-up") return void request.socket.destroy();
    if (path === "/break-off") {
      response.write("begun", () => request.socket.destroy());
      return;
    }
    if (path === "/elsewhere") return send(response, { Location: `http://localhost:${port}/echo` }, "", 302);
    const [, kind = "", first = "", rest = ""] = /^\/(status|to|delay|chain)\/(\d+)(.*)$/.exec(path) ?? [];
    if (kind === "status") return send(response, {}, `status ${first}`, Number(first));
    if (kind === "to") return send(response, { Location: rest }, "on its way", Number(first));
    if (kind === "chain") {
      const next = Number(first) > 0 ? `/chain/${Number(first) - 1}` : "/echo";
      return send(response, { Location: next }, "", 302);
    }
    if (kind === "delay") await new Promise((resolve) => setTimeout(resolve, Number(first) * 1000));
    return send(response, { "Content-Type": "application/json" }, JSON.stringify({ method, body }));
  }

  return {
    url: `http://127.0.0.1:${port}`,
    takeSent() {
      const taken = sent;
      sent = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, ...[headers, body, status = 200]: Canned): void {
  response.writeHead(status, STATUS_CODES[status] ?? "Strange", headers);
  response.end(body);
}

function readHeaders({ rawHeaders }: IncomingMessage): Record<string, string> {
  const pairs = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ""] as const] : [],
  );
  const compared = pairs.filter(([name, value]) => !CLIENTS_OWN.has(name) && !saysNothing(name, value));
  return Object.fromEntries(compared.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A length of 0 is sent by one client and left out by the other where no body is expected. */
function saysNothing(name: string, value: string): boolean {
  return name === "content-length" && value === "0";
}

/** What a case left behind, without what is different in every run: the server's port, the boundary of parts. */
export function normalise<T>(value: T, url: string): T {
  const { port } = new URL(url);
  const boundary = /boundary=([0-9a-f]{32})/.exec(JSON.stringify(value))?.[1];
  const text = JSON.stringify(value)
    .replaceAll(`127.0.0.1:${port}`, "server")
    .replaceAll(`localhost:${port}`, "elsewhere");
  return JSON.parse(boundary === undefined ? text : text.replaceAll(boundary, "BOUNDARY")) as T;
}
