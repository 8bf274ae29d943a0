import { afterAll, describe, expect, it } from "vitest";
import { lines, openSandbox } from "./support.ts";

const { sandbox, run, read } = await openSandbox();
afterAll(() => sandbox.close(0));

describe("readings", () => {
  const truths: [string, boolean][] = [
    ["True", true],
    ["1", true],
    ["'x'", true],
    ["re.match('a', 'a')", true],
    ["re.match('a', 'b')", false],
    ["None", false],
    ["''", false],
    ["[]", false],
    ["0.0", false],
  ];
  it.each(truths)("truth of %s is %s", async (expression, expected) => {
    const outcome = await run(`result = {'allowed': ${expression}}`, { readings: { allowed: "truth" } });
    expect(outcome).toMatchObject({ status: "completed", result: { allowed: expected } });
  });

  const codes: [string, boolean][] = [
    ["0", false],
    ["False", false],
    ["0.0", false],
    ["-1", true],
    ["True", true],
    ["'0'", true],
    ["None", true],
  ];
  it.each(codes)("nonzero of %s is %s", async (expression, expected) => {
    expect(await run(`result = {'exit_code': ${expression}}`)).toMatchObject({ result: { exit_code: expected } });
  });

  it("of keys that are missing are false, false and null", async () => {
    const readings = { allowed: "truth", exit_code: "nonzero", message: "json" } as const;
    expect(await run("result = {}", { readings })).toMatchObject({
      result: { allowed: false, exit_code: false, message: null },
    });
  });

  it("json has the value and Python's str of it", async () => {
    const outcome = await run("result['message'] = {'id': 5, 'tags': ('a', None, True), 1: 'ü'}");
    expect(outcome).toMatchObject({
      result: {
        message: {
          json: '{"id": 5, "tags": ["a", null, true], "1": "\\u00fc"}',
          text: "{'id': 5, 'tags': ('a', None, True), 1: 'ü'}",
        },
      },
    });
    expect(await run("result['message'] = 'ü\\ud800'")).toMatchObject({
      result: { message: { json: '"\\u00fc\\ud800"', text: "ü\ud800" } },
    });
  });

  it("source that sets nothing gives the default", async () => {
    expect(await run("# nothing")).toMatchObject({ status: "completed", result: { exit_code: false, message: null } });
    expect(await run("")).toMatchObject({ status: "completed" });
  });
});

describe("results that are none", () => {
  it.each([
    ["result = [1]", "ResultError", "result is not a dict"],
    ["result = None", "ResultError", "result is not a dict"],
    ["del result", "KeyError", "'result'"],
    [
      "result['message'] = b'x'",
      "TypeError",
      "message cannot be written as JSON: Object of type bytes is not JSON serializable",
    ],
    [
      "result['message'] = [datetime.datetime.now()]",
      "TypeError",
      "message cannot be written as JSON: Object of type datetime is not JSON serializable",
    ],
    [
      "x = []\nx.append(x)\nresult['message'] = x",
      "TypeError",
      "message cannot be written as JSON: Circular reference detected",
    ],
    ["result['message'] = {(1, 2): 3}", "TypeError", expect.stringContaining("tuple")],
    ["result['message'] = 1e999", "TypeError", expect.stringContaining("inf")],
  ])("%s", async (source, type, message) => {
    expect(await run(source)).toMatchObject({ status: "raised", type, message });
  });

  it("a large text is given whole up to the cap, and over it is a limit", async () => {
    expect(await read("result['message'] = 'x' * 500000")).toHaveLength(500_000);
    expect(await run("result['message'] = 'x' * 2000000")).toMatchObject({ status: "limit", limit: "result" });
    expect(await run("result['message'] = 'é\"' * 100", { limits: { resultBytes: 300 } })).toMatchObject({
      status: "limit",
      limit: "result",
    });
  });
});

describe("errors", () => {
  it("say type, message, line and a traceback with the source", async () => {
    const source = lines("def check(value):", "    return {}[value]", "", "check('k')");
    expect(await run(source)).toMatchObject({
      status: "raised",
      type: "KeyError",
      message: "'k'",
      line: 2,
      traceback: lines(
        "Traceback (most recent call last):",
        '  File "webhook test", line 4, in <module>',
        "    check('k')",
        '  File "webhook test", line 2, in check',
        "    return {}[value]",
        "KeyError: 'k'",
      ),
    });
  });

  it.each([
    ["raise UserError('Server is busy')", "UserError", "Server is busy"],
    ["raise Exception('plain')", "Exception", "plain"],
    ["raise Exception('a', 1)", "Exception", "('a', 1)"],
    ["server", "NameError", "name 'server' is not defined"],
    ["eval('1')", "NameError", "name 'eval' is not defined"],
    ["ℯval('1')", "NameError", "name 'eval' is not defined"],
    ["1 / 0", "ZeroDivisionError", "division by zero"],
    ["raise 1", "TypeError", "exceptions must derive from BaseException"],
  ])("%s", async (source, type, message) => {
    expect(await run(source)).toMatchObject({ status: "raised", type, message, line: 1 });
  });

  it("that come from library code name the line of the snippet", async () => {
    expect(await run("x = 1\nurllib_parse.parse_qs(5)")).toMatchObject({ status: "raised", line: 2 });
  });

  it("have bounded texts", async () => {
    const outcome = await run("raise Exception('m' * 1000000)");
    if (outcome.status !== "raised") throw new Error("it did not raise");
    expect(outcome.message).toHaveLength(8192);
    expect(outcome.traceback.length).toBeLessThanOrEqual(16_384);
  });

  it("recursion is an error like others", async () => {
    expect(await run("def f(): return f()\nf()")).toMatchObject({ status: "raised", type: "RecursionError" });
  });
});
