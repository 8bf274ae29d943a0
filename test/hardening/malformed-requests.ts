/**
 * Requests as no honest client sends them, made from a seed: the same seed makes the same ones.
 * Some are framed well, so that more can follow on their connection; others end it.
 */
export interface MalformedRequest {
  readonly kind: string;
  /** Sent one after the other, with a short wait between. */
  readonly parts: readonly Buffer[];
  /** Whether the server can know where it ends. */
  readonly isFramed: boolean;
}

export interface Random {
  /** From 0 up to below `limit`. */
  below(limit: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
  bytes(length: number): Buffer;
}

/** mulberry32: small, and the same everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    pick: (values) => values[below(values.length)] ?? values[0],
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

type Maker = (random: Random, path: string) => Omit<MalformedRequest, "kind">;

const JSON_TYPE = "Content-Type: application/json";
const SAMPLE = JSON.stringify({
  ref: "refs/heads/main",
  list: [1, 2.5, null, true],
  text: 'ü "quoted" \\ 😀',
  nested: { a: [{}] },
});
const DEEP_LIST = "[".repeat(100_000);
const DEEP_OBJECT = '{"a":'.repeat(100_000);

/** Each ends where its framing says. */
const FRAMED: Readonly<Record<string, Maker>> = {
  truncatedJson: (random, path) => post(path, Buffer.from(SAMPLE).subarray(0, random.below(SAMPLE.length))),
  mutatedJson(random, path) {
    const body = Buffer.from(SAMPLE);
    for (let count = 1 + random.below(4); count > 0; count -= 1) body[random.below(body.length)] = random.below(256);
    return post(path, body);
  },
  randomBytes: (random, path) => post(path, random.bytes(random.below(2000))),
  wrongEncoding: (random, path) =>
    post(path, Buffer.from(`\ufeff${SAMPLE}`, random.pick(["utf16le", "latin1", "utf8", "ascii"]))),
  zeros: (random, path) => post(path, Buffer.alloc(random.below(5000))),
  oddJson: (random, path) =>
    post(
      path,
      random.pick([
        "",
        " ",
        "null",
        "NaN",
        "-",
        "1e999999",
        "9".repeat(6000),
        '"\\ud800"',
        '{"a":1,"a":2}',
        "[]]",
        "{}{}",
        '{"__proto__":{"x":1}}',
        "tru",
        '"\\u12"',
        "[1,]",
      ]),
    ),
  wrongType: (random, path) =>
    post(path, SAMPLE, [
      `Content-Type: ${random.pick(["", ";", "multipart/form-data", "multipart/form-data; boundary=", "application/x-www-form-urlencoded", "text/xml; charset=nonsense", "a/b/c", "\u00e9", "application/json; charset=utf-16", 'multipart/form-data; boundary="a"'])}`,
    ]),
  brokenMultipart: (random, path) =>
    post(
      path,
      random.pick([
        "--X",
        "--X\r\n\r\n",
        "--X\r\nContent-Disposition: form-data\r\n\r\nv\r\n--X--",
        `--X\r\nContent-Disposition: form-data; name="${"n".repeat(500)}`,
        "--X--",
        '--X\r\nContent-Disposition: form-data; name="a"; filename="\u0000"\r\n\r\n\u0000\r\n--X--\r\n',
      ]),
      ["Content-Type: multipart/form-data; boundary=X"],
    ),
  oddForm: (random, path) =>
    post(
      path,
      random.pick([
        "%",
        "%zz=%zz",
        "&&&&",
        "=",
        "a=%ff%fe",
        "a[b][c]=1",
        "a=1;b=2",
        "a=1&".repeat(1000),
        "%00=%00",
        "__proto__=1&constructor=2",
      ]),
      ["Content-Type: application/x-www-form-urlencoded"],
    ),
  oddPath: (random) => get(`/cetmix_tower_webhooks/${random.pick(ODD_PATHS)}`),
  oddPathElsewhere: (random) => get(`/${random.pick(ODD_PATHS)}`),
  oddPathOfApi: (random) => get(`/api/v1/webhooks/${random.pick(ODD_PATHS)}`),
  longPath: (random, path) => get(`${path}/${"a".repeat(random.below(6000))}`),
  longQuery: (random, path) => get(`${path}?${"q=%41&".repeat(random.below(1000))}`),
  oddQuery: (random, path) =>
    get(
      `${path}?${random.pick(["%", "%zz=1", "a=%ff", "&&=&", "?", "a=1#b", "__proto__=1", "a[]=1&a[]=2", "token=%"])}`,
    ),
  absoluteForm: (random, path) =>
    get(`${random.pick(["http://other.example", "http://127.0.0.1", "HTTP://x", "ftp://x"])}${path}`),
  oddMethod: (random, path) =>
    framed(
      `${random.pick(["PUT", "DELETE", "TRACE", "PROPFIND", "OPTIONS", "HEAD", "PATCH", "M-SEARCH", "PURGE", "QUERY"])} ${path} HTTP/1.1`,
      [],
      "",
    ),
  longHeader: (random, path) => get(path, [`X-Long: ${"v".repeat(random.below(12_000))}`]),
  manyHeaders: (random, path) =>
    get(
      path,
      Array.from({ length: random.below(1500) }, (_, index) => `a${index % 7}: `),
    ),
  oddHeaders: (random, path) => get(path, [random.pick(ODD_HEADERS)]),
  chunked: (random, path) =>
    framed(
      `POST ${path} HTTP/1.1`,
      [JSON_TYPE, "Transfer-Encoding: chunked"],
      random.pick([
        "0\r\n\r\n",
        "1;ext=1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nTrailer: x\r\nAuthorization: y\r\n\r\n",
        "00002\r\n{}\r\n000\r\n\r\n",
        `${"1\r\n \r\n".repeat(500)}0\r\n\r\n`,
      ]),
      false,
    ),
  oldVersion: (random, path) => framed(`GET ${path} HTTP/1.${random.pick(["0", "1"])}`, ["Connection: keep-alive"], ""),
};

/** After each of these the server has to guess or give up. */
const UNFRAMED: Readonly<Record<string, Maker>> = {
  unknownMethod: (random, path) =>
    raw(
      `${random.pick(["FOO", "get", "", " GET", "P\u0000ST", "GETGETGET", "\u00e9"])} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ),
  unknownVersion: (random, path) =>
    raw(
      `GET ${path} ${random.pick(["HTTP/2.0", "HTTP/1.9", "HTTP/9", "HTTP", "", "http/1.1", "HTTP/1.1.1", "ICY/1.0"])}\r\nHost: x\r\n\r\n`,
    ),
  spacesInPath: (_random, path) => raw(`GET ${path} and more HTTP/1.1\r\nHost: x\r\n\r\n`),
  controlsInPath: (random, path) =>
    raw(`GET ${path}${random.pick(["\u0000", "\t", "\u007f", "\u0001", "\r"])}x HTTP/1.1\r\nHost: x\r\n\r\n`),
  hugeHeader: (random, path) =>
    raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Huge: ${"h".repeat(20_000 + random.below(60_000))}\r\n\r\n`),
  thousandsOfHeaders: (random, path) =>
    raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n${"X-Many: v\r\n".repeat(3000 + random.below(3000))}\r\n`),
  brokenHeader: (random, path) =>
    raw(
      `GET ${path} HTTP/1.1\r\nHost: x\r\n${random.pick(["no colon", ": no name", "Sp ace: x", "Nul\u0000: x", "X: a\u0000b", " folded: x", "X: a\rb", "Content-Length: -1", "Content-Length: abc", "Content-Length: 1e3", "Content-Length: 5, 6", "Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding: nonsense", "Transfer-Encoding: chunked, identity"])}\r\n\r\n`,
    ),
  lengthAndChunked: (_random, path) =>
    raw(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ),
  badChunks: (random, path) =>
    raw(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${random.pick(["zz\r\n{}\r\n0\r\n\r\n", "-1\r\n", "ffffffffffffffffff\r\n{}", "5\r\n{}\r\n0\r\n\r\n", "2\r\n{}XX0\r\n\r\n", "2\n{}\n0\n\n", "2\r\n{}\r\n", "0\r\n", `2;${"e".repeat(20_000)}\r\n{}\r\n0\r\n\r\n`])}`,
    ),
  lengthTooLong: (random, path) =>
    raw(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${3 + random.below(100_000)}\r\n\r\n{}`),
  lengthTooShort: (_random, path) => raw(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n${SAMPLE}`),
  lengthFarTooLong: (_random, path) => raw(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{}`),
  halfHead: (random, path) => raw(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Le`.slice(0, 1 + random.below(40))),
  noHost: (_random, path) => raw(`GET ${path} HTTP/1.1\r\n\r\n`),
  expectation: (random, path) =>
    raw(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: ${random.pick(["100-continue", "200-ok", "x"])}\r\nContent-Length: 2\r\n\r\n{}`,
    ),
  upgrade: (random, path) =>
    raw(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${random.pick(["websocket", "h2c", "x"])}\r\n\r\n`,
    ),
  connect: () => raw("CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
  otherProtocol: (random) =>
    raw(
      random.pick([
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "SSH-2.0-x\r\n",
        "GET /\r\n\r\n",
        "\r\n\r\n\r\n",
        "\u0000\u0000\u0000\u0000",
        "HELO x\r\n",
      ]),
    ),
  noise: (random) => ({ parts: [random.bytes(1 + random.below(3000))], isFramed: false }),
};

/** Costly or slow, so seldom. */
const SELDOM: Readonly<Record<string, Maker>> = {
  deepList: (_random, path) => post(path, DEEP_LIST),
  deepObject: (_random, path) => post(path, DEEP_OBJECT),
  deepAndClosed: (_random, path) => post(path, DEEP_LIST + "]".repeat(100_000)),
  deepUtf16: (_random, path) => post(path, Buffer.from(`["\\"",${"[".repeat(50_000)}`, "utf16le")),
  tooLarge: (_random, path) => ({ ...post(path, Buffer.alloc(1_100_000, "x")), isFramed: false }),
  slowBody(_random, path) {
    const { parts } = post(path, SAMPLE);
    const [whole = Buffer.alloc(0)] = parts;
    const third = Math.ceil(whole.length / 3);
    return {
      parts: [whole.subarray(0, third), whole.subarray(third, 2 * third), whole.subarray(2 * third)],
      isFramed: true,
    };
  },
};

const ODD_PATHS: readonly [string, ...string[]] = [
  "",
  "%",
  "%2e%2e/%2e%2e/etc/passwd",
  "..",
  "../..",
  "//",
  "/",
  "./x",
  "%zz",
  "%ff",
  "%00",
  "a%00b",
  "%c0%ae",
  "%u0041",
  "a//b",
  "\\..\\..",
  "%5c..",
  "x;y=1",
  "x#frag",
  "constructor",
  "__proto__",
  "%2F%2F",
  "a%2Fb",
  "*",
  "~root",
  "$(id)",
  "'%20or%201=1--",
  "<script>",
  "%E2%82%AC",
  "%25",
  "%252e",
  "..%2f..%2f",
  "?",
  "??",
  "a?b?c",
  ".env",
  "-",
  "_",
];

const ODD_HEADERS: readonly [string, ...string[]] = [
  "X-Forwarded-For: ,,,",
  "X-Forwarded-For: ::1%lo, 999.9.9.9",
  "X-Forwarded-For: " + "1.2.3.4, ".repeat(500),
  "Cookie: =;;=",
  "Cookie: " + "a=b; ".repeat(1000),
  "Authorization:",
  "Authorization: Basic %%%",
  "X-Hub-Signature-256: sha256=",
  "__proto__: x",
  "constructor: y",
  "Host: other",
  "X-\u00e9: 1",
  "X: \u00ff\u00fe",
  "Accept-Encoding: gzip;q=9",
  "Content-Encoding: gzip",
  "Range: bytes=0-",
  "If-None-Match: *",
  "TE: trailers",
  "Connection: close, keep-alive",
  "Date: never",
  "X-Empty:",
  "Content-Type: ",
  'Forwarded: for="_x"',
  "X-HTTP-Method-Override: DELETE",
];

/** @param paths of webhooks, and of none */
export function* makeMalformedRequests(
  random: Random,
  paths: readonly [string, ...string[]],
): Generator<MalformedRequest, never> {
  const framedKinds = Object.entries(FRAMED) as [[string, Maker], ...Array<[string, Maker]>];
  const unframedKinds = Object.entries(UNFRAMED) as [[string, Maker], ...Array<[string, Maker]>];
  const seldomKinds = Object.entries(SELDOM) as [[string, Maker], ...Array<[string, Maker]>];
  for (;;) {
    const luck = random.below(1000);
    const [kind, make] = random.pick(luck < 8 ? seldomKinds : luck < 150 ? unframedKinds : framedKinds);
    yield { kind, ...make(random, random.pick(paths)) };
  }
}

function post(path: string, body: string | Buffer, headers: readonly string[] = [JSON_TYPE]) {
  return framed(`POST ${path} HTTP/1.1`, headers, body);
}

function get(path: string, headers: readonly string[] = []) {
  return framed(`GET ${path} HTTP/1.1`, headers, "");
}

function framed(line: string, headers: readonly string[], body: string | Buffer, withLength = true) {
  const bytes = Buffer.from(body);
  const length = withLength ? [`Content-Length: ${bytes.length}`] : [];
  const head = `${[line, "Host: x", ...headers, ...length].join("\r\n")}\r\n\r\n`;
  return { parts: [Buffer.concat([Buffer.from(head, "latin1"), bytes])], isFramed: true };
}

function raw(text: string) {
  return { parts: [Buffer.from(text, "latin1")], isFramed: false };
}
