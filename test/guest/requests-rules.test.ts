import { afterAll, describe, expect, it } from "vitest";
import type { Json } from "../../src/sandbox/sandbox.ts";
import { lines, openSandbox, type RunOptions } from "../sandbox/support.ts";
import { openNetwork, startServer, type TestNetwork } from "./support.ts";

const { sandbox, run, read } = await openSandbox();
const open = openNetwork();
/** Loopback may be reached by this one address only. */
const narrow = openNetwork({ egress: { allowPrivate: false, allow: ["127.0.0.1"] } });
const server = await startServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://test");
  const location = url.searchParams.get("to");
  const body = Buffer.from(url.searchParams.get("body") ?? "", "base64");
  if (location !== null) response.writeHead(302, { Location: location });
  else if (url.pathname === "/large") return void response.end(Buffer.alloc(2 * 1024 * 1024));
  else if (url.pathname === "/deep") return void response.end("[".repeat(200_000));
  else if (url.pathname === "/length") {
    let length = 0;
    request.on("data", (chunk: Buffer) => (length += chunk.length));
    return void request.on("end", () => response.end(String(length)));
  } else response.writeHead(200, { "Content-Type": url.searchParams.get("type") ?? "text/plain" });
  response.end(body);
});
afterAll(async () => {
  await sandbox.close(0);
  await open[Symbol.asyncDispose]();
  await narrow[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const url: RunOptions["inputs"] = { url: { kind: "json", value: server.url } };
const withNetwork = (network: TestNetwork): RunOptions => ({ inputs: url ?? {}, onHostCall: network.onHostCall });

/** The exception that a line ends with, as `Type: text`. */
async function findError(source: string, network: TestNetwork = open): Promise<string> {
  const outcome = await run(source, withNetwork(network));
  return outcome.status === "raised" ? `${outcome.type}: ${outcome.message}` : JSON.stringify(outcome);
}

function show(expression: string, network: TestNetwork = open): Promise<Json> {
  return read(`result["message"] = ${expression}`, withNetwork(network));
}

describe("where programs' requests may go", () => {
  it.each([
    "requests.get('http://169.254.169.254/latest/meta-data/')",
    "requests.get('http://[::ffff:169.254.169.254]/')",
    "requests.get('http://2852039166/')",
    "requests.get('http://0xa9.254.169.254/')",
    "requests.get(url + '/?to=http://169.254.169.254/')",
    "requests.post(url + '/?to=//169.254.169.254/')",
  ])("%s is refused, whatever is allowed", async (source) => {
    expect(await findError(source)).toMatch(/^ConnectionError: .*is a link-local address, which no setting permits$/);
  });

  it.each(["http://127.0.0.2/", "http://10.0.0.1/", "http://[::1]/"])(
    "%s is refused unless it is allowed, also as the place of a redirect",
    async (target) => {
      const refusal = /^ConnectionError: .* is a (?:loopback|private) address; HOOKTOWER_EGRESS_ALLOW_PRIVATE or/;
      expect(await findError(`requests.get('${target}')`, narrow)).toMatch(refusal);
      expect(await findError(`requests.get(url + '/?to=${target}')`, narrow)).toMatch(refusal);
    },
  );

  it("what is allowed is reached", async () => {
    expect(await show("requests.get(url + '/?to=/').status_code", narrow)).toBe(200);
  });

  it("names no password, neither in errors nor in the URL of a response", async () => {
    const source = "requests.get(url.replace('//', '//user:hidden@') + '/?to=http://user:hidden@127.0.0.1:1/')";
    const outcome = await run(source, withNetwork(open));
    expect(JSON.stringify({ ...outcome, traceback: "" })).not.toContain("hidden");
    expect(outcome).toMatchObject({ status: "raised", type: "ConnectionError" });
    expect(await show("requests.get(url.replace('//', '//user:hidden@')).url")).toBe(`${server.url}/`);
    expect(await findError("requests.get('http://user:hidden@*.example.com:x/')")).not.toContain("hidden");
  });
});

describe("what is too large or too deep", () => {
  it("is an error of the program, and the interpreter goes on", async () => {
    const { restarts } = sandbox.status();
    expect(await findError("requests.get(url + '/large')")).toContain("larger than 1048576 bytes");
    expect(await findError("requests.get(url + '/deep').json()")).toMatch(/^JSONDecodeError: .*nested too deeply/);
    expect(await show("len(requests.get(url + '/deep').text)")).toBe(200_000);
    expect(await findError("requests.post(url, data='x' * 5000000)")).toBe(
      "RequestException: the body of the request has 5000000 bytes; at most 4194304 can be sent",
    );
    expect(await findError("requests.post(url, files={'f': b'x' * 5000000})")).toContain("at most 4194304");
    expect(await findError("requests.post(url, data=('x' * 1000000 for i in range(9)))")).toContain("at most 4194304");
    expect(await show("requests.post(url + '/length', data='x' * 4194304).text")).toBe("4194304");
    expect(sandbox.status().restarts).toBe(restarts);
  });

  // Encodings in which a bracket is not the byte that it is in ASCII.
  it.each([
    [
      "utf-7",
      Buffer.from(`+${Buffer.from("[".repeat(600), "utf16le").swap16().toString("base64").replaceAll("=", "")}-`),
    ],
    ["cp037", Buffer.alloc(600, 0xba)],
    ["utf-16-le", Buffer.from("[".repeat(600), "utf16le")],
    ["utf-32-be", Buffer.concat(Array.from({ length: 600 }, () => Buffer.from([0, 0, 0, 0x5b])))],
  ])("in %s is noticed as well", async (charset, body) => {
    const source = lines(
      `r = requests.get(url, params={'type': 'application/json; charset=${charset}', 'body': payload})`,
      "if r.text[:600] != '[' * 600: raise UserError('read as ' + r.text[:9])",
      "r.json()",
    );
    const inputs = { ...url, payload: { kind: "json", value: body.toString("base64") } } as const;
    expect(await run(source, { inputs, onHostCall: open.onHostCall })).toMatchObject({
      type: "JSONDecodeError",
      message: expect.stringContaining("nested too deeply") as string,
    });
  });

  it("many brackets that are not nested are read, in any encoding", async () => {
    for (const charset of ["utf-8", "utf-16"]) {
      const text = `["[[[", ${"[],".repeat(600)} 1]`;
      const body = charset === "utf-8" ? Buffer.from(text) : Buffer.from(`\ufeff${text}`, "utf16le");
      const inputs = { ...url, payload: { kind: "json", value: body.toString("base64") } } as const;
      const source = `result['message'] = len(requests.get(url, params={'type': 'application/json; charset=${charset}', 'body': payload}).json())`;
      expect(await read(source, { inputs, onHostCall: open.onHostCall })).toBe(602);
    }
  });
});

describe("arguments that cannot be used here", () => {
  it.each([
    ["proxies={'http': 'http://proxy.example'}", "ProxyError: proxies cannot be used here"],
    ["cert='client.pem'", "RequestException: client certificates cannot be used here"],
    ["verify='ca.pem'", "RequestException: verify can be True or False here, not a path"],
    ["auth='user'", "TypeError: auth must be a pair of name and password"],
    ["auth=lambda r: None", "TypeError: what auth gives back is no request"],
    ["headers={'X-A': '€'}", "InvalidHeader: Invalid value of header X-A: only Latin-1 text can be sent"],
    ["nonsense=1", "TypeError: request() got an unexpected keyword argument 'nonsense'"],
  ])("%s", async (argument, error) => {
    expect(await findError(`requests.get(url, ${argument})`)).toBe(error);
  });

  it("those that change nothing are taken", async () => {
    const call =
      "requests.get(url, proxies={'http': None}, stream=True, hooks={'response': None}, verify=False, cert=None)";
    expect(await show(`${call}.status_code`)).toBe(200);
  });
});

describe("what programs share", () => {
  it.each([
    ["the headers of a response", "requests.get(url).headers.clear()"],
    ["the headers that are sent", "requests.get(url).request.headers.clear()"],
    ["cookies", "requests.get(url).cookies.get_dict().update({'a': 1})"],
    ["history", "requests.get(url + '/?to=/').history.append(1)"],
    ["links", "requests.get(url).links.update({'a': {}})"],
  ])("does not change with %s", async (_what, source) => {
    const look =
      "result['message'] = [[dict(r.request.headers), sorted(r.headers), r.history, r.links, len(r.cookies)] for r in [requests.get(url)]]";
    const before = await read(look, withNetwork(open));
    await run(source, withNetwork(open));
    expect(await read(look, withNetwork(open))).toEqual(before);
  });

  it.each([
    "requests.get = 1",
    "requests.exceptions.Timeout = 1",
    "requests.get(url).status_code = 1",
    "requests.get(url).encoding = 'utf-8'",
  ])("%s is refused", async (source) => {
    expect(await run(source, withNetwork(open))).toMatchObject({ status: "refused" });
  });
});

it("a hundred programs wait for their responses together", async () => {
  const held: Array<() => void> = [];
  await using slow = await startServer((request, response) => {
    held.push(() => response.end(request.url));
    if (held.length === 100) for (const answer of held) answer();
  });
  const inputs = (index: number) => ({ url: { kind: "json", value: `${slow.url}/${index}` } }) as const;
  const source = "result['message'] = requests.get(url).text";
  const texts = await Promise.all(
    Array.from({ length: 100 }, (_, index) => read(source, { inputs: inputs(index), onHostCall: open.onHostCall })),
  );
  expect(texts).toEqual(Array.from({ length: 100 }, (_, index) => `/${index}`));
});

it("without a network a program is told so", async () => {
  expect(await run("requests.get('http://example.com')")).toMatchObject({
    type: "HostError",
    message: "http.request is not available here",
  });
});
