import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { findGuestError, listen, openNetwork, startServer } from "./support.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("the body of a response", () => {
  it.each([
    ["br", brotliCompressSync("packed")],
    ["zstd", zstdCompressSync("packed")],
    ["GZIP", gzipSync("packed")],
    ["gzip, br", brotliCompressSync(gzipSync("packed"))],
    ["gzip", gzipSync("packed".repeat(9)).subarray(0, -4)],
  ])("in %s is unpacked", async (coding, body) => {
    await using network = openNetwork();
    await using server = await startServer((_request, response) =>
      response.writeHead(200, { "Content-Encoding": coding }).end(body),
    );
    expect((await network.send({ url: server.url })).text).toMatch(/^packed/);
  });

  it.each([
    ["gzip", gzipSync(Buffer.alloc(64 * 1024 * 1024))],
    ["br", brotliCompressSync(Buffer.alloc(64 * 1024 * 1024))],
    ["zstd", zstdCompressSync(Buffer.alloc(64 * 1024 * 1024))],
    ["gzip, gzip", gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024)))],
  ])("that unpacks to more than it may (%s) is an error", async (coding, body) => {
    await using network = openNetwork();
    await using server = await startServer((_request, response) =>
      response.writeHead(200, { "Content-Encoding": coding }).end(body),
    );
    expect(await findGuestError(network.send({ url: server.url }))).toBe(
      `requests.ConnectionError: 127.0.0.1:${server.port}: the response is larger than 1048576 bytes when it is decompressed; HOOKTOWER_EGRESS_MAX_RESPONSE_BYTES sets the limit`,
    );
  });

  it("that is packed too often, or not as it says, is an error", async () => {
    await using network = openNetwork();
    await using server = await startServer((request, response) =>
      response.writeHead(200, { "Content-Encoding": request.url?.slice(1) }).end("no such thing"),
    );
    for (const coding of ["gzip,gzip,gzip,gzip,gzip", "br", "zstd"]) {
      expect(await findGuestError(network.send({ url: `${server.url}/${coding}` }))).toMatch(
        /^requests\.ContentDecodingError: /,
      );
    }
  });

  it("that never ends is cut off", async () => {
    await using network = openNetwork();
    await using server = await startServer((_request, response) => {
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", pour);
      pour();
    });
    expect(await findGuestError(network.send({ url: server.url }))).toContain("larger than 1048576 bytes");
    await expect.poll(() => server.sockets.every((socket) => socket.destroyed)).toBe(true);
  });

  it("that nests too deeply is marked", async () => {
    await using network = openNetwork();
    await using server = await startServer((request, response) =>
      response.end("[".repeat(Number(request.url?.slice(1)))),
    );
    expect((await network.send({ url: `${server.url}/500` })).too_deep).toBe(false);
    expect((await network.send({ url: `${server.url}/501` })).too_deep).toBe(true);
  });
});

describe("connections", () => {
  it("are kept and used again", async () => {
    await using network = openNetwork();
    await using server = await startServer((_request, response) => response.end("x"));
    // A connection is free a moment after its response.
    for (let round = 0; round < 3; round += 1) {
      await network.send({ url: server.url });
      await pause(10);
    }
    expect(server.sockets).toHaveLength(1);
    await network.send({ url: server.url, headers: [["Connection", "close"]] });
    await network.send({ url: server.url });
    expect(server.sockets).toHaveLength(2);
  });

  it("are closed before a server that keeps them for 2 s does so", async () => {
    await using network = openNetwork();
    await using server = await startServer((_request, response) => {
      // Without this Node would say how long it keeps the connection.
      response.setHeader("Connection", "keep-alive");
      response.end("x");
    });
    await network.send({ url: server.url });
    const [socket] = server.sockets;
    await expect.poll(() => socket?.readyState, { timeout: 1_900 }).not.toBe("open");
  });

  it("carry a thousand requests at once", async () => {
    await using network = openNetwork();
    const waiting: Array<() => void> = [];
    await using server = await startServer((_request, response) => {
      waiting.push(() => response.end("x"));
      // Nobody is answered before all are there.
      if (waiting.length === 1000) for (const answer of waiting) answer();
    });
    const answers = await Promise.all(Array.from({ length: 1000 }, () => network.send({ url: server.url })));
    expect(answers.every(({ text }) => text === "x")).toBe(true);
  });

  it("that the server closes when they are used again: what can be repeated is, a POST is not", async () => {
    await using network = openNetwork();
    let served = 0;
    await using server = await startServer((request, response) => {
      served += 1;
      if (served % 2 === 0) request.socket.destroy();
      else response.end(request.method);
    });
    expect((await network.send({ url: server.url })).text).toBe("GET");
    await pause(10);
    expect((await network.send({ url: server.url })).text).toBe("GET");
    expect(served).toBe(3);
    expect(await findGuestError(network.send({ url: server.url, method: "POST" }))).toMatch(
      /^requests\.ConnectionError: .*Connection aborted: /,
    );
    expect(served).toBe(4);
  });

  it("end with the run that they are for", async () => {
    await using network = openNetwork();
    const abort = new AbortController();
    await using server = await startServer(() => abort.abort());
    await findGuestError(network.send({ url: server.url }, abort.signal));
    await expect.poll(() => server.sockets.every((socket) => socket.destroyed)).toBe(true);
    expect(await findGuestError(network.send({ url: server.url }, abort.signal))).toMatch(/^requests\./);
    expect(server.sockets).toHaveLength(1);
  });
});

describe("timeouts", () => {
  it("while connecting", async () => {
    await using network = openNetwork();
    // It takes the connection and never says a word of TLS.
    await using server = await listen(createServer(), "https");
    expect(await findGuestError(network.send({ url: server.url, connect_timeout: 0.1 }))).toBe(
      `requests.ConnectTimeout: Connection to 127.0.0.1:${server.port} timed out. (connect timeout=0.1)`,
    );
  });

  it("while the body comes, counted from what came last", async () => {
    await using network = openNetwork();
    async function drip(request: IncomingMessage, response: ServerResponse): Promise<void> {
      for (let part = 0; part < 5; part += 1) {
        response.write("x");
        await pause(60);
      }
      if (request.url === "/all") response.end();
    }
    await using server = await startServer((request, response) => void drip(request, response));
    expect((await network.send({ url: `${server.url}/all`, read_timeout: 2 })).text).toBe("xxxxx");
    expect(await findGuestError(network.send({ url: `${server.url}/stuck`, read_timeout: 0.5 }))).toBe(
      `requests.ConnectionError: 127.0.0.1:${server.port}: Read timed out. (read timeout=0.5)`,
    );
  });
});

describe("a host call that no honest runner makes", () => {
  it.each([
    ["a file", { url: "file:///etc/passwd" }],
    ["no host", { url: "http://" }],
    ["credentials", { url: "http://a@127.0.0.1/" }],
    ["a backslash", { url: "http://127.0.0.1\\@8.8.8.8/" }],
    ["a blank", { url: "http://127.0.0.1/a b" }],
    ["a line break", { url: "http://127.0.0.1/\r\nX: y" }],
    ["a port", { url: "http://127.0.0.1:99999/" }],
    ["a zone", { url: "http://[::1%25lo]/" }],
    ["a tunnel", { method: "CONNECT" }],
    ["a tunnel in small letters", { method: "connect" }],
    ["a method with a request in it", { method: "GET / HTTP/1.1\r\n" }],
    ["no method", { method: "" }],
    ["a header name with a line break", { headers: [["X\r\nY", "z"]] }],
    ["a header with a line break", { headers: [["X", "y\r\nZ: 1"]] }],
    ["a header beyond Latin-1", { headers: [["X", "€"]] }],
    ["half a header", { headers: [["X"]] }],
    ["a huge header", { headers: [["X", "y".repeat(70_000)]] }],
    ["headers in an object", { headers: { X: "y" } }],
    ["a body that is no text", { body: 5 }],
    ["a huge body", { body: "A".repeat(6_000_000) }],
    ["a time before now", { connect_timeout: -1 }],
    ["a time in words", { read_timeout: "soon" }],
    ["verify in words", { verify: "no" }],
    ["more", { more: 1 }],
  ])("%s is refused", async (_what, args) => {
    await using network = openNetwork();
    let served = 0;
    await using server = await startServer((_request, response) => {
      served += 1;
      response.end();
    });
    expect(await findGuestError(network.send({ url: server.url, ...args }))).toMatch(/^requests\.\w+: /);
    expect(served).toBe(0);
  });

  it("cannot speak for the connection", async () => {
    await using network = openNetwork();
    await using server = await startServer((request, response) =>
      response.end(JSON.stringify([request.url, request.rawHeaders])),
    );
    const headers = [
      ["Transfer-Encoding", "chunked"],
      ["Content-Length", "99"],
      ["Upgrade", "websocket"],
      ["Connection", "upgrade"],
      ["Expect", "100-continue"],
    ] as const;
    const answer = await network.send({
      url: server.url,
      method: "POST",
      headers: headers.map((header) => [...header]),
    });
    expect(JSON.parse(answer.text)).toEqual([
      "/",
      ["host", `127.0.0.1:${server.port}`, "connection", "keep-alive", "content-length", "0"],
    ]);
  });
});
