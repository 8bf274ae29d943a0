import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { openSandbox, until } from "../sandbox/support.ts";
import { render, runKind } from "../guest/programs-support.ts";

const { sandbox } = await openSandbox();
afterAll(() => sandbox.close(0));
beforeEach(() => until("a runner is ready", () => sandbox.status().ready));

/** What must not be in anything that a template prints. */
const INSIDE = /__|<module|built-in|guest\/|pyodide|PyProxy|JsProxy|globalThis|_bridge|<run>|<format>|<filter|<class/i;
const VALUES = { text: "hello", list: [1], table: { a: 1 }, n: 5 };

describe("ways out of templates that have been published, and ours", () => {
  it.each([
    ["class of a text", "{{ ''.__class__ }}"],
    ["subclasses", "{{ ''.__class__.__mro__[1].__subclasses__() }}"],
    ["mro", "{{ text.mro }}"],
    ["an item", "{{ ''['__class__'] }}"],
    ["an item of a dict", "{{ table['__class__'].__base__ }}"],
    ["an item put together", "{{ ''['_' * 2 ~ 'class' ~ '_' * 2] }}"],
    ["an item in hex", "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}"],
    ["attr", "{{ ''|attr('__class__') }}"],
    ["attr of a dict", "{{ {}|attr('__class__') }}"],
    ["attr put together", "{{ ''|attr(['_'*2, 'class', '_'*2]|join) }}"],
    ["attr with a format", "{{ ''|attr('%sclass%s'|format('_'*2, '_'*2)) }}"],
    ["map of an attribute", "{{ ['']|map(attribute='__class__')|list }}"],
    ["map of attr", "{{ ['']|map('attr', '__class__')|list }}"],
    ["sort by an attribute", "{{ ['', 'a']|sort(attribute='__class__') }}"],
    ["groupby", "{{ ['', 'a']|groupby('__class__') }}"],
    ["selectattr", "{{ ['']|selectattr('__class__')|list }}"],
    ["sum", "{{ ['']|sum(attribute='__class__', start='') }}"],
    ["min", "{{ ['']|min(attribute='__class__.__name__') }}"],
    ["join", "{{ ['']|join(attribute='__class__') }}"],
    ["unique", "{{ [text]|unique(attribute='__class__')|list|map(attribute='__class__')|join }}"],
    ["globals of a function", "{{ cycler.__init__.__globals__ }}"],
    ["globals of a function of the engine", "{{ joiner.__init__.__globals__.os }}"],
    ["globals by item", "{{ cycler['__init__'] }}"],
    ["globals of a macro", "{% macro m() %}{% endmacro %}{{ m.__globals__ }}"],
    ["code of a macro", "{% macro m() %}{% endmacro %}{{ m.__code__ }}"],
    ["closure of a macro by item", "{% macro m() %}{% endmacro %}{{ m['__closure__'] }}"],
    ["the loop", "{% for x in list %}{{ loop.__class__ }}{% endfor %}"],
    ["a generator's frame", "{% for x in list %}{{ loop.run().gi_frame }}{% endfor %}"],
    ["a generator's frame by item", "{% for x in list %}{{ loop.run()['gi_frame'] }}{% endfor %}"],
    ["namespace", "{{ namespace.__init__ }}"],
    ["a set attribute", "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__class__ }}"],
    ["format of a text", "{{ '{0.__class__}'.format(text) }}"],
    ["format of a value's attribute", "{{ '{0.__init__.__globals__}'.format(cycler) }}"],
    ["format by item", "{{ '{0.__class__}'['format'](text) }}"],
    ["format by attr", "{{ ('{0.__class__}'|attr('format'))(text) }}"],
    ["format_map", "{{ '{a.__class__}'.format_map({'a': text}) }}"],
    ["format of a nested field", "{{ '{0:{1.__class__}}'.format('a', text) }}"],
    ["format of a set block", "{% set f %}{0.__class__}{% endset %}{{ f.format(text) }}"],
    ["mapped format", "{{ [text]|map('{0.__class__}'.format)|list }}"],
    ["undefined", "{{ missing.__class__ }}"],
    ["undefined's slots", "{{ missing._problem.__class__ }}"],
    ["self", "{{ self.__init__ }}"],
    ["request and config", "{{ request.application.__globals__ }}{{ config.items() }}"],
    ["lipsum", "{{ lipsum.__globals__ }}"],
    ["url_for", "{{ url_for.__globals__ }}"],
    ["builtins", "{{ __builtins__ }}{{ __import__('os') }}"],
    ["the engine's names", "{{ open }}{{ eval }}{{ getattr }}{{ FILTERS }}{{ Scope }}{{ Undefined }}"],
    ["import", "{% import 'os' as os %}"],
    ["include", "{% include '/etc/passwd' %}"],
    ["a keyword", "{{ dict(__class__=1).__class__ }}"],
    ["a call's caller", "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}"],
    ["methods that change classes", "{{ table.__setitem__('a', 2) }}"],
    ["look-alike letters", "{{ ''.__ｃｌａｓｓ__ }}"],
    ["a type by its method", "{{ dict.fromkeys(['a']).__class__ }}"],
  ])("%s", async (_what, template) => {
    for (const kind of ["template", "pythonic_template"] as const) {
      const printed = await render(sandbox, template, VALUES, kind);
      if (/^\w*Error: /.test(printed)) continue;
      expect(printed).not.toMatch(INSIDE);
    }
  });

  it("change nothing that other runs see", async () => {
    for (const template of [
      "{{ dict.update({'a': 1}, {'b': 2}) }}",
      "{% set range = 1 %}{% set dict = 2 %}",
      "{% set cycler.x = 1 %}",
      "{{ cycler.items }}{{ namespace._set(namespace(), 'a', 1) }}",
      "{% macro upper() %}x{% endmacro %}",
    ])
      await runKind(sandbox, "template", template);
    expect(await render(sandbox, "{{ range(2)|list }}{{ dict(a=1) }}{{ cycler.x is defined }}{{ 'a'|upper }}")).toBe(
      "[0, 1]{'a': 1}FalseA",
    );
  });
});

describe("templates without measure", () => {
  const limits = { cpuMs: 1_000, wallMs: 10_000 };
  it.each([
    [
      "a loop",
      "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}{% endfor %}{% endfor %}{% endfor %}",
      "limit",
    ],
    ["a long list", "{{ range(10**12)|list|length }}", "raised"],
    ["a long text", "{{ 'x' * 10**10 }}", "raised"],
    [
      "a text that doubles",
      "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
      "limit",
    ],
    ["a great power", "{{ 9 ** (9 ** 9) }}", "limit"],
    ["a large text", "{{ 'x' * 5000000 }}", "limit"],
    ["a macro in itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "raised"],
    ["a loop in itself", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "raised"],
    ["a value in itself", "{{ list.append(list) }}{{ list }}", "completed"],
    ["a width", "{{ 'x'|center(10**10) }}", "raised"],
    ["an indent", "{{ 'x'|indent(10**10, true) }}", "raised"],
    ["a list that fits", "{{ range(10**9)|list|length }}", "limit"],
    ["a text that fits", "{{ 'x' * 10**9 }}", "limit"],
    ["a format", "{{ '%10000000000d'|format(1) }}", "raised"],
  ])("end: %s", async (_what, template, status) => {
    const outcome = await runKind(sandbox, "template", template, VALUES, limits);
    expect(outcome.status).toBe(status);
    await until("a runner is ready", () => sandbox.status().ready);
  });

  it.each([
    ["brackets", `{{ ${"(".repeat(50_000)}1${")".repeat(50_000)} }}`],
    ["lists", `{{ ${"[".repeat(50_000)}${"]".repeat(50_000)} }}`],
    ["signs", `{{ ${"-".repeat(50_000)}1 }}`],
    ["nots", `{{ ${"not ".repeat(50_000)}1 }}`],
    ["sums", `{{ 1${" + 1".repeat(50_000)} }}`],
    ["attributes", `{{ x${".a".repeat(50_000)} }}`],
    ["filters", `{{ x${"|upper".repeat(50_000)} }}`],
    ["filters of a block", `{% filter upper${"|upper".repeat(50_000)} %}{% endfilter %}`],
    ["choices", `{{ 1${" if 1 else 1".repeat(20_000)} }}`],
    ["blocks", `${"{% if x %}".repeat(20_000)}${"{% endif %}".repeat(20_000)}`],
    ["loops", `${"{% for x in y %}".repeat(50)}${"{% endfor %}".repeat(50)}`],
    ["elifs", `{% if x %}${"{% elif x %}".repeat(20_000)}{% endif %}`],
    ["macros", `${"{% macro m() %}".repeat(500)}${"{% endmacro %}".repeat(500)}`],
    ["unpacking", `{% for ${"(".repeat(5_000)}a${")".repeat(5_000)} in b %}{% endfor %}`],
  ])("are refused when they are nested too deeply: %s", async (_what, template) => {
    const outcome = await runKind(sandbox, "template", template, {}, { cpuMs: 20_000 });
    expect(outcome.status).toBe("refused");
    await until("a runner is ready", () => sandbox.status().ready);
  });
});

describe("the guest's templates see exactly these", () => {
  it("names", async () => {
    const names =
      "range dict lipsum cycler joiner namespace loop self caller varargs kwargs time json re requests env tower open";
    const template = names.split(" ").map((name) => `{{ '${name} ' if ${name} is defined }}`);
    expect(await render(sandbox, template.join(""))).toBe("range dict cycler joiner namespace ");
  });
});
