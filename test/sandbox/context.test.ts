import { createHash } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { bodyInput, bytesInput, lines, openSandbox } from "./support.ts";

const { sandbox, run, read } = await openSandbox();
afterAll(() => sandbox.close(0));

describe("headers", () => {
  const headers = {
    kind: "headers",
    entries: [
      ["x-gitHub-event", "push"],
      ["ETag", "1"],
      ["X-Twice", "a, b"],
    ],
  } as const;
  const cases: [string, unknown][] = [
    ["list(headers)", ["X-Github-Event", "Etag", "X-Twice"]],
    ["headers['X-GitHub-Event'] + headers.get('x-github-event') + headers.get('Nope', '-')", "pushpush-"],
    ["'X-GITHUB-EVENT' in headers, 'Nope' in headers, 1 in headers, headers.get(None)", [true, false, false, null]],
    ["isinstance(headers, dict), len(headers), headers.get('Nope')", [true, 3, null]],
    ["json.dumps(headers)", '{"X-Github-Event": "push", "Etag": "1", "X-Twice": "a, b"}'],
    ["dict(headers)", { "X-Github-Event": "push", Etag: "1", "X-Twice": "a, b" }],
    ["{**headers}['Etag'], headers.copy()['etag'], [*headers.items()][1]", ["1", "1", ["Etag", "1"]]],
    [
      "[headers.pop('etag'), headers.pop('etag', 0), headers.setdefault('new-one', 'n'), headers['NEW-ONE']]",
      ["1", 0, "n", "n"],
    ],
  ];
  it.each(cases)("%s", async (expression, expected) => {
    expect(await read(`result['message'] = ${expression}`, { inputs: { headers } })).toEqual(expected);
  });

  it("can be changed by the code, for itself", async () => {
    const source =
      "headers['x-new'] = '1'\nheaders.update({'ETAG': '2'})\ndel headers['x-twice']\nresult['message'] = headers";
    expect(await read(source, { inputs: { headers } })).toEqual({ "X-Github-Event": "push", "X-New": "1", Etag: "2" });
    expect(await read("result['message'] = len(headers)", { inputs: { headers } })).toBe(3);
  });
});

describe("raw_data", () => {
  const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);

  it("is the exact bytes", async () => {
    const digest = createHash("sha256").update(everyByte).digest("hex");
    expect(
      await read("result['message'] = [len(raw_data), raw_data[255], hashlib.sha256(raw_data).hexdigest()]", {
        inputs: { raw_data: bytesInput(everyByte) },
      }),
    ).toEqual([256, 255, digest]);
  });

  it("is bytes, and answers to encode() as a str would", async () => {
    const source =
      "result['message'] = [isinstance(raw_data, bytes), raw_data == b'ab', raw_data.encode() == b'ab', raw_data.encode('utf-8').decode(), hmac.new(b'k', raw_data.encode(), 'sha256').hexdigest() == hmac.new(b'k', b'ab', hashlib.sha256).hexdigest()]";
    expect(await read(source, { inputs: { raw_data: bytesInput("ab") } })).toEqual([true, true, true, "ab", true]);
  });

  it("may be large, and travels once with the payload of the same bytes", async () => {
    const bytes = Buffer.from(JSON.stringify({ text: "x".repeat(900_000) }));
    const inputs = {
      raw_data: { kind: "bytes", bytes },
      payload: { kind: "jsonBody", bytes, emptyForFalsy: false },
    } as const;
    expect(await read("result['message'] = [len(raw_data), len(payload['text'])]", { inputs })).toEqual([
      bytes.length,
      900_000,
    ]);
  });
});

describe("payload", () => {
  const cases: [string, string, string, unknown][] = [
    ["big integers", '{"a": 12345678901234567890123}', "str(payload['a'])", "12345678901234567890123"],
    ["1.0 is a float and 1 is an int", "[1.0, 1]", "[str(x) for x in payload]", ["1.0", "1"]],
    ["duplicate keys: the last wins", '{"a": 1, "a": 2}', "payload", { a: 2 }],
    ["a byte order mark", "\ufeff[1]", "payload", [1]],
    ["NaN", "[NaN]", "payload[0] != payload[0]", true],
    ["lone surrogates", '["\\ud800"]', "[len(payload[0]), ord(payload[0])]", [1, 0xd800]],
    ["code points, not UTF-16 units", '"😀"', "len(payload)", 1],
    ["null", "null", "payload is None", true],
    ["a number", "7", "payload", 7],
    ["empty", "", "payload", {}],
    ["blank", "  \n", "payload", {}],
    ["broken", "{", "payload", {}],
    ["not UTF-8 after all", '"\u0001"', "payload", {}],
    ["nested too deeply", "[".repeat(100_000), "payload", {}],
    ["nested too deeply, and closed", "[".repeat(100_000) + "]".repeat(100_000), "payload", {}],
    ["nested too deeply, with branches", "[[],".repeat(50_000) + "1" + "]".repeat(50_000), "payload", {}],
    ["brackets in texts", JSON.stringify(["[".repeat(5000), '"\\"]'.repeat(100)]), "len(payload[0])", 5000],
    ["wide, not deep", JSON.stringify(Array.from({ length: 3000 }, () => ({ a: [1] }))), "len(payload)", 3000],
  ];
  it.each(cases)("%s", async (_what, body, expression, expected) => {
    expect(await read(`result['message'] = ${expression}`, { inputs: { payload: bodyInput(body) } })).toEqual(expected);
  });

  it("in UTF-16 is read too, but not deeper", async () => {
    const deep = Buffer.from("\ufeff" + "\u2222".repeat(3) + "[".repeat(100_000), "utf16le");
    expect(
      await read("result['message'] = payload", {
        inputs: { payload: bodyInput(Buffer.from("\ufeff[1]", "utf16le")) },
      }),
    ).toEqual([1]);
    expect(await read("result['message'] = payload", { inputs: { payload: bodyInput(deep) } })).toEqual({});
  });

  it("bad UTF-8 is an empty dict", async () => {
    expect(
      await read("result['message'] = payload", { inputs: { payload: bodyInput(Buffer.from([34, 0xff, 34])) } }),
    ).toEqual({});
  });

  it.each([["null"], ["[]"], ["0"], ['""'], ["false"]])("%s is an empty dict where that is asked for", async (body) => {
    expect(await read("result['message'] = payload", { inputs: { payload: bodyInput(body, true) } })).toEqual({});
  });
});

describe("a record", () => {
  const user = { kind: "record", model: "res.users", fields: { id: 7, login: "ann" } } as const;

  it("has its fields as attributes and nothing else", async () => {
    expect(await read("result['message'] = [user.id, user.login, str(user)]", { inputs: { user } })).toEqual([
      7,
      "ann",
      "res.users(7,)",
    ]);
    expect(await run("user.email", { inputs: { user } })).toMatchObject({
      type: "AttributeError",
      message: "'res.users' object has no attribute 'email'",
    });
  });

  it("is read-only", async () => {
    expect(await run("user.login = 'root'", { inputs: { user } })).toMatchObject({ status: "refused" });
  });
});

describe("modules", () => {
  const cases: [string, unknown][] = [
    [
      "json.dumps({'b': [1, 2.5, None, True], 'a': 'ü'}, sort_keys=True, ensure_ascii=False, separators=(',', ':'))",
      '{"a":"ü","b":[1,2.5,null,true]}',
    ],
    ["datetime.datetime.strptime('2026-01-02 03:04', '%Y-%m-%d %H:%M').isoformat()", "2026-01-02T03:04:00"],
    ["(datetime.datetime(2026, 1, 31) + datetime.timedelta(days=1)).strftime('%d %b')", "01 Feb"],
    ["time.strftime('%Y', time.strptime('2021', '%Y'))", "2021"],
    [
      "[datetime.datetime(2026, 1, 2, hour, 5).strftime('%-d %e|%-I:%M %P|%k|%-k|%l|%^a %#p|%%P') for hour in (0, 9, 13)]",
      ["2  2|12:05 am| 0|0|12|FRI am|%P", "2  2|9:05 am| 9|9| 9|FRI am|%P", "2  2|1:05 pm|13|13| 1|FRI pm|%P"],
    ],
    [
      "[datetime.date(2026, 1, 2).strftime(f) for f in ('100% on %d %b', '50%', '%d%Q', '%é %+Y %E', '%-_d%^-a', '')]",
      ["100% on 02 Jan", "50%", "02%Q", "%é %+Y %E", " 2FRI", ""],
    ],
    ["f'{datetime.time(3, 4):%l.%M %P}', time.strftime('%k|%Z', time.strptime('2021', '%Y'))", [" 3.04 am", " 0|"]],
    ["time.strftime('%Z %z'), datetime.datetime.now(datetime.timezone.utc).strftime('%Z%')", ["UTC +0000", "UTC%"]],
    [
      "datetime.date(2026, 1, 2).weekday(), datetime.MAXYEAR, datetime.timezone.utc.utcoffset(None) == datetime.timedelta()",
      [4, 9999, true],
    ],
    [
      "re.sub('[^a-z]+', '-', 'ab 1c'), re.findall('(?i)[A-Z]+', 'a1B'), re.compile('(?P<n>[0-9]+)').search('x42').group('n'), re.escape('a.b')",
      ["ab-c", ["a", "B"], "42", "a\\.b"],
    ],
    [
      "[f(b'tower').hexdigest()[:4] for f in [hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha3_256, hashlib.blake2b]] + [hashlib.new('sha256', b'tower').hexdigest()[:4], hashlib.shake_128(b'tower').hexdigest(2)]",
      ["7983", "54ef", "ad20", "dfb5", expect.any(String), "ad20", "22bc"],
    ],
    [
      "urllib_parse.quote('a b/ü'), urllib_parse.urlencode({'a': '1 2'}), urllib_parse.parse_qs('a=1&a=2'), urllib_parse.urlparse('https://h:1/p?q').port, urllib_parse.urljoin('http://a/b/', 'c')",
      ["a%20b/%C3%BC", "a=1+2", { a: ["1", "2"] }, 1, "http://a/b/c"],
    ],
    [
      "[float_compare(0.1 + 0.2, 0.3, precision_digits=2), float_compare(1.005, 1.0, precision_digits=2), float_compare(1, 2, precision_rounding=0.5), float_compare(-1.5, -1, precision_rounding=1.0)]",
      [0, 1, -1, -1],
    ],
    [
      "reduce(lambda a, b: a + b, [1, 2, 3]), unicode('x'), list(xrange(2)), divmod(7, 2), sorted('ba', reverse=True)",
      [6, "x", [0, 1], [3, 1], ["b", "a"]],
    ],
  ];
  it.each(cases)("%s", async (expression, expected) => {
    expect(await read(`result['message'] = ${expression}`)).toEqual(expected);
  });

  it.each([
    ["json.loads", "'wrap_module' object has no attribute 'loads'"],
    ["time.monotonic", "'wrap_module' object has no attribute 'monotonic'"],
    ["re.template", "'wrap_module' object has no attribute 'template'"],
    ["datetime.sys", "'wrap_module' object has no attribute 'sys'"],
  ])("%s is not there", async (expression, message) => {
    expect(await run(expression)).toMatchObject({ status: "raised", type: "AttributeError", message });
  });

  it("float_compare wants exactly one precision", async () => {
    expect(await run("float_compare(1, 2)")).toMatchObject({ type: "AssertionError" });
    expect(await run("float_compare(1, 2, precision_digits=1, precision_rounding=1)")).toMatchObject({
      type: "AssertionError",
    });
  });

  it("the clock is right although the interpreter was restored from a snapshot", async () => {
    const seconds = (await read(
      "result['message'] = [time.time(), datetime.datetime.now().timestamp(), datetime.datetime.now(datetime.timezone.utc).timestamp()]",
    )) as number[];
    for (const value of seconds) expect(Math.abs(value - Date.now() / 1000)).toBeLessThan(5);
  });
});

describe("_logger", () => {
  it("formats as Python does, with levels", async () => {
    const source = lines(
      "_logger.debug('%s %05.1f', 'a', 3)",
      "_logger.info({'k': 1})",
      "_logger.warning('%(k)s', {'k': 1})",
      "_logger.error('100%')",
      "_logger.critical('c')",
      "_logger.exception('e')",
    );
    const { log } = await run(source);
    expect(log).toEqual([
      { level: "debug", text: "a 003.0" },
      { level: "info", text: "{'k': 1}" },
      { level: "warning", text: "1" },
      { level: "error", text: "100%" },
      { level: "critical", text: "c" },
      { level: "error", text: "e" },
    ]);
  });

  it("keeps what cannot be formatted, and goes on", async () => {
    const source = lines(
      "_logger.info('got', {'k': 1})",
      "_logger.info('got', 1, 'a')",
      "_logger.info('%d of %s', 'x', 2)",
      "_logger.info('%s and %s', 1)",
      "_logger.info('%(k)s', {'a': 1})",
      "_logger.info('100% of %s', 'x')",
    );
    const { log, status } = await run(source);
    expect(status).toBe("completed");
    expect(log.map(({ text }) => text)).toEqual([
      "got",
      "got 1 'a'",
      "%d of %s 'x' 2",
      "%s and %s 1",
      "%(k)s {'a': 1}",
      "100% of %s 'x'",
    ]);
  });

  it("is kept of a run that fails, and is bounded", async () => {
    const { log, status } = await run("for i in range(5000): _logger.info('line %d', i)\n1 / 0", {
      limits: { logBytes: 1000 },
    });
    expect(status).toBe("raised");
    expect(JSON.stringify(log).length).toBeLessThan(3000);
    expect(log.at(-1)?.text).toContain("the rest of the log is cut");
  });
});

describe("runs are apart", () => {
  it("each has fresh globals and a fresh result", async () => {
    await run("leak = 1\nresult['message'] = {'changed': True}\nresult.update(extra=1)");
    expect(await run("leak")).toMatchObject({ type: "NameError", message: "name 'leak' is not defined" });
    const defaultResult = { exit_code: 0, message: { list: [1] } };
    await run("result['message']['list'].append(2)", { defaultResult });
    expect(await read("result['message']['seen'] = len(result['message']['list'])", { defaultResult })).toEqual({
      list: [1],
      seen: 1,
    });
  });

  it("names that are rebound are rebound for one run only", async () => {
    await run("json = str = len = None\nUserError = ValueError");
    expect(await read("result['message'] = json.dumps([len(str(12))])")).toBe("[2]");
  });
});
