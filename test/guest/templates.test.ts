import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { openSandbox } from "../sandbox/support.ts";
import { render, runKind, type Values } from "./programs-support.ts";

/** What the real Jinja prints: see `record-jinja.py`. Null: it fails. */
interface Recorded {
  readonly values: Values;
  readonly cases: Readonly<Record<string, readonly (readonly [template: string, printed: string | null])[]>>;
}

const recorded = JSON.parse(readFileSync(new URL("fixtures/jinja.json", import.meta.url), "utf8")) as Recorded;

const { sandbox } = await openSandbox();
afterAll(() => sandbox.close(0));

async function print(template: string, values: Values): Promise<string | null> {
  const outcome = await runKind(sandbox, "template", template, values);
  if (outcome.status !== "completed")
    return outcome.status === "raised" || outcome.status === "refused" ? null : outcome.status;
  const { text } = outcome.result;
  return typeof text === "object" && text !== null ? text.text : "no text";
}

describe("templates print what Jinja prints", () => {
  it.each(Object.entries(recorded.cases))("%s", async (_heading, cases) => {
    const printed = await Promise.all(
      cases.map(async ([template]) => [template, await print(template, recorded.values)]),
    );
    expect(printed).toEqual(cases);
  });
});

describe("a text of a command", () => {
  it.each<[string, Values, string]>([
    ["mkdir {{ d }}", { d: null }, "mkdir None"],
    ["mkdir {{ d }}", { d: false }, "mkdir False"],
    ["[{{ tower.server.nope }}]", { tower: { server: {} } }, "[]"],
    ["{{ time }}{{ json }}{{ requests }}{{ result }}{{ value }}", {}, ""],
    ["{{ result }} {{ code }} {{ pythonic_mode }}", { result: 1, code: 2, pythonic_mode: 3 }, "1 2 3"],
    [
      "#!cxtower.secret.KEY!# {{ a }}",
      { a: "#!cxtower.secret.OTHER!#" },
      "#!cxtower.secret.KEY!# #!cxtower.secret.OTHER!#",
    ],
    ["{{ größe }}", { größe: "ü" }, "ü"],
    ["{{ a }}", { a: "{{ b }}{% raw %}", b: 1 }, "{{ b }}{% raw %}"],
    ["", {}, ""],
  ])("%s", async (template, values, printed) => {
    expect(await render(sandbox, template, values)).toBe(printed);
  });

  it.each([
    ["plain", "plain"],
    ["two words", "'two words'"],
    ["", "''"],
    ['it\'s; rm -rf $HOME `id` "x"\n', `'it'"'"'s; rm -rf $HOME \`id\` "x"\n'`],
    [5, "5"],
    [null, "None"],
  ])("quotes %j for a shell", async (value, printed) => {
    expect(await render(sandbox, "{{ v|quote }}", { v: value })).toBe(printed);
    expect(await render(sandbox, "{{ [v]|map('quote')|join(' ') }}", { v: value })).toBe(printed);
  });

  it("has its own values in each run", async () => {
    const template = "{% set x = list.append(1) %}{{ list }}{{ [2].append(3) }}{{ {'a': 1}.update(b=2) }}";
    for (let round = 0; round < 2; round += 1)
      expect(await render(sandbox, template, { list: [] })).toBe("[1]NoneNone");
  });
});

describe("a template that cannot be compiled is refused with its place", () => {
  it.each([
    ["a\n  {{ 1 + }}", 2, 10, "unexpected '}}'"],
    ["{% if x %}\n\nb", 3, 2, "{% endif %} is missing"],
    ["a {{ b", 1, 3, "}} is missing"],
    ["é {{ x.__class__ }}", 1, 8, "Access to forbidden name '__class__'"],
    ["{{ x|nope }}", 1, 6, "no filter named 'nope'"],
    ["{{ x is nope }}", 1, 9, "no test named 'nope'"],
    ["{% include 'x' %}", 1, 4, "include is not available: there are no other templates"],
    ["{% do x %}", 1, 4, "unknown tag 'do'"],
    ["a\r\nb\r{{ ) }}", 3, 4, "unexpected ')'"],
  ])("%j", async (template, line, column, message) => {
    expect(await runKind(sandbox, "template", template)).toMatchObject({ status: "refused", line, column, message });
  });
});

describe("a template that fails", () => {
  it("says where and why", async () => {
    expect(await runKind(sandbox, "template", "a\n{{ x.y }}", {})).toMatchObject({
      status: "raised",
      type: "UndefinedError",
      message: "'x' is undefined",
      line: 2,
    });
    expect(await runKind(sandbox, "template", "{% for i in [1] %}\n{{ i / 0 }}{% endfor %}")).toMatchObject({
      status: "raised",
      type: "ZeroDivisionError",
      line: 2,
    });
  });
});
