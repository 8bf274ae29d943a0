import { readFileSync } from "node:fs";
import type { LookupAddress } from "node:dns";
import type { TLSSocket } from "node:tls";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { findGuestError, openNetwork, startServer, startTlsServer } from "./support.ts";

/** A certificate of these tests for the name hooks.test, which signs itself. */
const read = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8");
const TLS = { key: read("tls.key"), cert: read("tls.crt") };

/** Gives each answer once; the last one for ever. */
function answerInTurn(...answers: string[]) {
  const asked: string[] = [];
  return {
    asked,
    async lookup(hostname: string): Promise<LookupAddress[]> {
      asked.push(hostname);
      const address = (answers.length > 1 ? answers.shift() : answers[0]) ?? "";
      return [{ address, family: 4 }];
    },
  };
}

describe("a name whose answers change", () => {
  it("is looked up once for a connection, and the address that was checked is the one connected to", async () => {
    await using server = await startServer((_request, response) => response.end("reached"));
    const names = answerInTurn("127.0.0.1", "127.0.0.2");
    await using network = openNetwork({ egress: { allowPrivate: false, allow: ["127.0.0.1"], ...names } });
    expect((await network.send({ url: `http://hooks.test:${server.port}/` })).text).toBe("reached");
    expect(names.asked).toEqual(["hooks.test"]);
    expect(server.sockets.map(({ localAddress }) => localAddress)).toEqual(["127.0.0.1"]);
  });

  it("is checked anew for every connection", async () => {
    await using server = await startServer((_request, response) => response.end("reached"));
    const names = answerInTurn("127.0.0.1", "127.0.0.2");
    await using network = openNetwork({ egress: { allowPrivate: false, allow: ["127.0.0.1"], ...names } });
    const url = `http://hooks.test:${server.port}/`;
    await network.send({ url, headers: [["Connection", "close"]] });
    expect(await findGuestError(network.send({ url }))).toBe(
      "requests.ConnectionError: hooks.test (127.0.0.2) is a loopback address; HOOKTOWER_EGRESS_ALLOW_PRIVATE or HOOKTOWER_EGRESS_ALLOW permits it",
    );
    expect(server.sockets).toHaveLength(1);
  });

  it("of which one is forbidden is not connected to at all", async () => {
    await using server = await startServer((_request, response) => response.end("reached"));
    const lookup = async () => [
      { address: "127.0.0.1", family: 4 },
      { address: "169.254.169.254", family: 4 },
    ];
    await using network = openNetwork({ egress: { allowPrivate: true, allow: ["hooks.test"], lookup } });
    expect(await findGuestError(network.send({ url: `http://hooks.test:${server.port}/` }))).toContain(
      "is a link-local address, which no setting permits",
    );
    expect(server.sockets).toHaveLength(0);
  });

  it.each(["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])(
    "%s is refused without a connection",
    async (host) => {
      await using server = await startServer((_request, response) => response.end("reached"));
      await using network = openNetwork({ egress: { allowPrivate: false, allow: [] } });
      const url = `http://${host}:${server.port}/`;
      expect(await findGuestError(network.send({ url, headers: [["Host", "public.example"]] }))).toMatch(
        /^requests\.ConnectionError: .* is a loopback address; HOOKTOWER_EGRESS_ALLOW_PRIVATE or/,
      );
      expect(server.sockets).toHaveLength(0);
    },
  );
});

describe("TLS", () => {
  const trusted = getCACertificates("default");
  afterEach(() => setDefaultCACertificates(trusted));
  const egress = (address = "127.0.0.1") => ({ allowPrivate: true, allow: [], ...answerInTurn(address) });
  const startTls = () =>
    startTlsServer(TLS, (request, response) =>
      response.end(`${(request.socket as TLSSocket & { servername?: string }).servername} ${request.headers.host}`),
    );

  it("is checked against the name of the URL, whatever the address and the Host header", async () => {
    setDefaultCACertificates([...trusted, TLS.cert]);
    await using server = await startTls();
    await using network = openNetwork({ egress: egress() });
    const url = `https://hooks.test:${server.port}/`;
    expect((await network.send({ url })).text).toBe(`hooks.test hooks.test:${server.port}`);
    expect((await network.send({ url, headers: [["Host", "other.test"]] })).text).toBe("hooks.test other.test");
    const other = `https://other.test:${server.port}/`;
    expect(await findGuestError(network.send({ url: other, headers: [["Host", "hooks.test"]] }))).toMatch(
      /^requests\.SSLError: other\.test:\d+: certificate verify failed/,
    );
    expect(await findGuestError(network.send({ url: server.url, headers: [["Host", "hooks.test"]] }))).toMatch(
      /^requests\.SSLError: /,
    );
  });

  it("with a certificate that nobody knows is refused, unless it is not to be verified", async () => {
    await using server = await startTls();
    await using network = openNetwork({ egress: egress() });
    const url = `https://hooks.test:${server.port}/`;
    expect(await findGuestError(network.send({ url }))).toMatch(/^requests\.SSLError: .*self-signed certificate/);
    expect((await network.send({ url, verify: false })).status).toBe(200);
    // Not by way of the connection that was opened without verifying.
    expect(await findGuestError(network.send({ url }))).toMatch(/^requests\.SSLError: /);
  });
});
