import { afterAll, describe, expect, it } from "vitest";
import type { Json } from "../../src/sandbox/sandbox.ts";
import { openSandbox } from "../sandbox/support.ts";
import { render, runKind, type Values } from "./programs-support.ts";

const { sandbox } = await openSandbox();
afterAll(() => sandbox.close(0));

const print = (template: string, values: Values = {}) => render(sandbox, template, values, "pythonic_template");

describe("a value in Python source", () => {
  it.each<[string, Json, string]>([
    ["v = {{ n }}", "12.5", 'v = "12.5"'],
    ["v = {{ n }}", true, "v = True"],
    ["v = {{ n }}", null, "v = None"],
    ["v = {{ n }}", 12.5, "v = 12.5"],
    ["v = {{ n }}", -1, "v = (-1)"],
    ["v = {{ n }}", ["a", { b: [1, null] }], 'v = ["a", {"b": [1, None]}]'],
    ["v = {{ nope }}", 1, "v = None"],
    ["v = {{ n.nope }}", {}, "v = None"],
    ["v = {{ n|upper }}", "a", 'v = "A"'],
    ['v = {{ n ~ "x" }}', 5, 'v = "5x"'],
    ["{{ n }} > 3", 5, "5 > 3"],
    ['{{ n }} == "prod"', "prod", '"prod" == "prod"'],
    ["{% if n == 'prod' %}x = {{ n }}{% endif %}", "prod", 'x = "prod"'],
    ["{% for x in n %}f({{ x }})\n{% endfor %}", ["a", 1], 'f("a")\nf(1)\n'],
    ["v = '{{ n }}' + \"{{ n }}\"", "prod", "v = 'prod' + \"prod\""],
    ["v = f'{x}{{ n }}'", "{y}", "v = f'{x}\\x7by\\x7d'"],
    ["f'{ {{ n }} }'", { a: 1 }, "f'{ {\"a\": 1} }'"],
    ["# {{ n }}", "a\nimport os", '# "a\\nimport os"'],
    ["v = b'{{ n }}'", "é", "v = b'\\xc3\\xa9'"],
    ["v = {{ n }}", "#!cxtower.secret.KEY!#", 'v = "\\x23!cxtower.secret.KEY!\\x23"'],
    ["v = {{ n }}", "é\u2028\ud800😀", 'v = "é\\u2028\\ud800😀"'],
    ["{% macro m(x) %}{{ x }}{% endmacro %}v = {{ m(n) }}", "a'", 'v = "a\\x27"'],
    ["{% set x %}{{ n }}!{% endset %}v = {{ x }}", "a", 'v = "a!"'],
    ["v = {% filter upper %}{{ n }}{% endfilter %}", "a", 'v = "A"'],
    ["v = {{ n|safe }}", '"', 'v = "\\x22"'],
    // Never one token with what stands beside it.
    ["x{{ n }}y", 5, "x 5 y"],
    ["{{ n }}{{ n }}", 5, "5 5"],
    ['""{{ n }}', "x", '"" "x"'],
    ["f{{ n }}", "{y}", 'f "\\x7by\\x7d"'],
    ['"{{ n }}""b"', "", '"\\\n""b"'],
  ])("%s with %j", async (template, value, printed) => {
    expect(await print(template, { n: value })).toBe(printed);
  });

  it.each<[string, Json, string]>([
    ["r'{{ n }}'", "a'b", "the value cannot stand in a raw string, where nothing can be escaped"],
    ['"\\{{ n }}"', "n", "a value cannot follow a backslash in a string"],
    ["f'{x:{{ n }}}'", "}", "the value cannot stand where an f-string says how to format"],
    ["print {{ n }}", [1], "the value would be the argument of what stands before it, or its subscript"],
  ])("that cannot be put there is an error: %s with %j", async (template, value, message) => {
    expect(await print(template, { n: value })).toBe(`ValueError: ${message}`);
  });
});

/** Texts that end, begin or change what stands around them, where they are pasted. */
const HOSTILE = [
  '"',
  "'",
  "\\",
  "{",
  "}",
  "#",
  "\n",
  "\r",
  "\t",
  "\0",
  " ",
  "é",
  "",
  '"""',
  "'''",
  "\\'",
  '\\"',
  '" + 1/0 + "',
  "' + 1/0 + '",
  "\nraise UserError('out')\n#",
  '"\nraise UserError("out")\n"',
  "{1/0}",
  "{{ 1/0 }}",
  "\\N{DASH}",
  "in",
  " or ",
  "\u2028",
  "#!cxtower.secret.KEY!#",
  "%s{}",
  "None",
];

describe("whatever a text holds, code gets exactly it", () => {
  const PLACES = [
    "{{ v }}",
    "'{{ v }}'",
    '"{{ v }}"',
    '"""{{ v }}"""',
    "f'{{ v }}'",
    'f"{ {{ v }} }"',
    'f"""{ {{ v }}!s}"""',
    "''{{ v }}''",
    '"{{ v }}"""',
    "b'{{ v }}'.decode()",
    "[{{ [v] }}, 1][0][0]",
    "{{ {v: v} }}[{{ v }}]",
    "(lambda x: x)({{ v }}) # {{ v }}",
  ];
  it.each(PLACES)("at %s", async (place) => {
    const seen = await Promise.all(
      HOSTILE.map(async (text) => {
        const code = await print(`result = {"message": ${place}\n}`, { v: text });
        const outcome = await runKind(sandbox, "command", code);
        const message = outcome.status === "completed" ? outcome.result["message"] : null;
        return typeof message === "object" && message !== null ? message.text : code;
      }),
    );
    expect(seen).toEqual(HOSTILE);
  });
});
