import { afterAll, describe, expect, it } from "vitest";
import type { Json } from "../../src/sandbox/sandbox.ts";
import { openSandbox } from "../sandbox/support.ts";
import { runKind, type Values } from "./programs-support.ts";

const { sandbox } = await openSandbox();
afterAll(() => sandbox.close(0));

describe("a condition", () => {
  it.each([
    ['"prod" == "prod"', true],
    ["  1 > 2  ", false],
    ["\n not None\n", true],
    ["[x for x in range(3) if x > 2]", false],
    ["len('abc') == 3 and sum([1, 2]) == 3", true],
    ["'{}'.format(1) == '1'", true],
  ])("%s is %s", async (source, expected) => {
    expect(await runKind(sandbox, "condition", source)).toMatchObject({
      status: "completed",
      result: { value: expected },
    });
  });

  it.each([
    ["", "SyntaxError"],
    ["=q", "SyntaxError"],
    ["x = 1", "SyntaxError"],
    ["1; 2", "SyntaxError"],
    ["1) + (2", "SyntaxError"],
    ["''.__class__", "NameError"],
    ["(lambda: ().__class__)()", "NameError"],
    ["[(y := 1) for x in [1]]", "ValueError"],
  ])("%s is refused", async (source, type) => {
    expect(await runKind(sandbox, "condition", source)).toMatchObject({ status: "refused", type });
  });

  it("has the position of its problem, whatever stands before", async () => {
    expect(await runKind(sandbox, "condition", "\n\n1 +")).toMatchObject({ status: "refused", line: 3 });
  });

  it.each(["json", "requests", "time", "value", "result", "env"])("does not see %s", async (name) => {
    expect(await runKind(sandbox, "condition", name)).toMatchObject({ status: "raised", type: "NameError" });
  });

  it("that fails says how", async () => {
    expect(await runKind(sandbox, "condition", '"5" > 3')).toMatchObject({
      status: "raised",
      type: "TypeError",
      line: 1,
    });
  });
});

describe("a modifier", () => {
  async function modify(source: string, value: Json) {
    const outcome = await runKind(sandbox, "modifier", source, { value });
    if (outcome.status !== "completed") return outcome.status;
    const made = outcome.result["value"];
    return typeof made === "object" && made !== null ? (JSON.parse(made.json) as Json) : null;
  }

  it.each<[string, Json, Json]>([
    ["result = value.lower()", "ABC", "abc"],
    ["result = re.sub('[0-9]', '', value)", "a1b2", "ab"],
    ["result = [value, {'a': None}]", "x", ["x", { a: null }]],
    ["result = 5", "x", 5],
    ["# nothing", "x", null],
    ["result = None", "x", null],
    ["result = ''", "x", ""],
    ["result = value.nope()", "x", "raised"],
    ["result = json.dumps(value)", "x", "raised"],
    ["result = requests.get(value)", "x", "raised"],
    ["result = {1, 2}", "x", "raised"],
    ["import os", "x", "refused"],
  ])("%s", async (source, value, expected) => {
    expect(await modify(source, value)).toEqual(expected);
  });
});

describe("a command", () => {
  const run = (source: string, values: Values = {}) => runKind(sandbox, "command", source, values);

  it.each([
    ["# nothing", { exit_code: null, message: null }],
    ["", { exit_code: null, message: null }],
    ["result = None", { exit_code: null, message: null }],
    ["result = {}", { exit_code: null, message: null }],
    ["result = {'exit_code': 0}", { exit_code: { json: "0", text: "0" }, message: null }],
    ["result = {'message': None}", { exit_code: null, message: { json: "null", text: "None" } }],
    ["result = {'exit_code': None, 'message': 'm'}", { exit_code: { json: "null" }, message: { text: "m" } }],
    ["result = {'exit_code': 7, 'message': [1]}", { exit_code: { json: "7" }, message: { json: "[1]", text: "[1]" } }],
  ])("%s", async (source, result) => {
    expect(await run(source)).toMatchObject({ status: "completed", result, kept: {} });
  });

  it.each([
    ["result = 'x'", "ResultError", "result is not a dict"],
    ["result = [1]", "ResultError", "result is not a dict"],
    ["result['message'] = 'x'", "NameError", "name 'result' is not defined"],
    [
      "result = {'message': b'x'}",
      "TypeError",
      "message cannot be written as JSON: Object of type bytes is not JSON serializable",
    ],
  ])("%s is an error", async (source, type, message) => {
    expect(await run(source)).toMatchObject({ status: "raised", type, message, kept: {} });
  });

  const values = { custom_values: { a: 1 } };

  it("keeps what it did to custom_values", async () => {
    expect(await run("custom_values['b'] = ['é', None]", values)).toMatchObject({
      status: "completed",
      kept: { custom_values: '{"a": 1, "b": ["\\u00e9", null]}' },
    });
    expect(await run("def f(d): d.clear()\nf(custom_values)", values)).toMatchObject({ kept: { custom_values: "{}" } });
  });

  it("keeps it also when it raised", async () => {
    expect(await run("custom_values['b'] = 2\n1 / 0", values)).toMatchObject({
      status: "raised",
      type: "ZeroDivisionError",
      line: 2,
      kept: { custom_values: '{"a": 1, "b": 2}' },
    });
    expect(await run("custom_values['b'] = 2\nresult = 'x'", values)).toMatchObject({
      type: "ResultError",
      kept: { custom_values: '{"a": 1, "b": 2}' },
    });
  });

  it("keeps the dict that it was given, not another of the name", async () => {
    expect(await run("custom_values['b'] = 2\ncustom_values = 5", values)).toMatchObject({
      kept: { custom_values: '{"a": 1, "b": 2}' },
    });
  });

  it("keeps nothing that it does not name", async () => {
    expect(await run("result = {'exit_code': 0}", values)).toMatchObject({ status: "completed", kept: {} });
  });

  it.each([
    ["custom_values['b'] = datetime.datetime.now()", "Object of type datetime is not JSON serializable"],
    ["custom_values['b'] = custom_values", "Circular reference detected"],
    ["x = 0\nfor i in range(600): x = [x]\ncustom_values['b'] = x", "it is nested too deeply"],
    ["custom_values[(1, 2)] = 3", "keys must be str"],
  ])("with values that are no JSON raises: %s", async (source, reason) => {
    expect(await run(source, values)).toMatchObject({
      status: "raised",
      type: "TypeError",
      message: expect.stringContaining(`custom_values cannot be written as JSON: ${reason}`) as string,
      kept: {},
    });
  });

  it("that raised with such values has its own error", async () => {
    expect(await run("custom_values['b'] = b'x'\n1 / 0", values)).toMatchObject({
      type: "ZeroDivisionError",
      kept: {},
    });
  });

  it("with values that are too large has met a limit", async () => {
    expect(await run("custom_values['b'] = 'x' * 2000000", values)).toMatchObject({
      status: "limit",
      limit: "result",
      kept: {},
    });
  });

  it("has values of its own in each run", async () => {
    const source = "custom_values['n'] = custom_values.get('n', 0) + 1";
    for (let round = 0; round < 2; round += 1)
      expect(await run(source, { custom_values: {} })).toMatchObject({ kept: { custom_values: '{"n": 1}' } });
  });
});
