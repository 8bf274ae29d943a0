import { afterAll, describe, expect, it } from "vitest";
import { lines, openSandbox, prepare } from "./support.ts";

const { sandbox, run, read } = await openSandbox();
afterAll(() => sandbox.close(0));

describe("statements that are refused, before anything runs", () => {
  const refused: [string, string][] = [
    ["import", "import os"],
    ["from import", "from os import path"],
    ["attribute assignment", "x.a = 1"],
    ["augmented attribute assignment", "x.a += 1"],
    ["annotated attribute assignment", "x.a: int = 1"],
    ["attribute deletion", "del x.a"],
    ["attribute as a loop target", "for x.a in []: pass"],
    ["attribute unpacked into", "(x.a, b) = (1, 2)"],
    ["class", "class A: pass"],
    ["with", "with x: pass"],
    ["assert", "assert True"],
    ["await", "async def f(): await x"],
    ["async for", "async def f():\n  async for x in y: pass"],
    ["async with", "async def f():\n  async with x: pass"],
    ["async comprehension", "async def f(): return [x async for x in y]"],
    ["yield from", "def f(): yield from []"],
    ["except*", "try: pass\nexcept* Exception: pass"],
    ["nonlocal", "def f():\n  x = 1\n  def g():\n    nonlocal x"],
    ["assignment to a global", "def f():\n  global x\n  x = 1"],
    ["deletion of a global", "def f():\n  global x\n  del x"],
    ["function as a global", "def f():\n  global x\n  def x(): pass"],
    ["walrus in a comprehension of the module", "[y := x for x in []]"],
    ["class pattern", "match 1:\n  case int(): pass"],
    ["class pattern with a keyword", "match 1:\n  case int(real=x): pass"],
    ["template string", "t'{1}'"],
    ["inside code that is never called", "if False:\n  def f():\n    return lambda: [0 for x.a in []]"],
  ];
  it.each(refused)("%s", async (_what, source) => {
    const outcome = await run(lines("_logger.info('it ran')", source));
    expect(outcome).toMatchObject({
      status: "refused",
      type: "ValueError",
      message: expect.stringMatching(/^forbidden: /),
      log: [],
    });
  });
});

describe("names that are refused", () => {
  const names: [string, string][] = [
    ["().__class__", "__class__"],
    ["a__b", "a__b"],
    ["a__b = 1", "a__b"],
    ["def __f(): pass", "__f"],
    ["__builtins__", "__builtins__"],
    ["__import__('os')", "__import__"],
    ["lambda: x.f_globals", "f_globals"],
    ["def f():\n  return [x.gi_frame for x in y]", "gi_frame"],
    ["x.cr_frame", "cr_frame"],
    ["x.ag_code", "ag_code"],
    ["x.tb_frame", "tb_frame"],
    ["x.mro()", "mro"],
    ["x.func_globals", "func_globals"],
    ["x._co_code_adaptive", "_co_code_adaptive"],
    ["match 1:\n  case x.__class__: pass", "__class__"],
    ["f'{x.__dict__}'", "__dict__"],
    ["().__ｃｌａｓｓ__", "__class__"],
    ["'a docstring'", "__doc__"],
    ["try: pass\nexcept Exception as __e: pass", "__e"],
  ];
  it.each(names)("%s", async (source, name) => {
    const outcome = await run(source);
    expect(outcome).toMatchObject({
      status: "refused",
      type: "NameError",
      message: `Access to forbidden name '${name}'`,
    });
  });

  it("an annotation of the module is refused, as in the original", async () => {
    expect(await run("x: int = 1")).toMatchObject({ status: "refused", type: "NameError" });
  });

  it("names local to a function and keyword arguments are free", async () => {
    expect(await read("def f(__x, **k): return [__x, k]\nresult['message'] = f(1, __y=2)")).toEqual([1, { __y: 2 }]);
  });
});

describe("what is allowed", () => {
  const allowed: [string, string, unknown][] = [
    ["closure", "def f(n):\n  def g(): return n\n  return g\nM = f(3)()", 3],
    ["lambda with a local of its function", "def f(n): return lambda: n + 1\nM = f(3)()", 4],
    ["recursion", "def f(n): return n * f(n - 1) if n else 1\nM = f(5)", 120],
    ["generator", "def f():\n  yield 1\n  yield 2\nM = list(f())", [1, 2]],
    ["decorator", "def twice(f): return lambda: f() * 2\n@twice\ndef g(): return 4\nM = g()", 8],
    [
      "try, except, else, finally",
      "M = []\ntry: M.append(1)\nexcept Exception: pass\nelse: M.append(2)\nfinally: M.append(3)",
      [1, 2, 3],
    ],
    ["a bare except", "try: 1 / 0\nexcept: M = 'caught'", "caught"],
    ["raise from", "try:\n  raise Exception('a') from Exception('b')\nexcept Exception as e: M = str(e)", "a"],
    ["walrus", "if (n := 5) > 3: M = n", 5],
    ["walrus in a comprehension of a function", "def f():\n  [n := x for x in range(3)]\n  return n\nM = f()", 2],
    ["item and slice assignment and deletion", "M = [1, 2, 3, 4]\nM[0] += 1\nM[1:2] = []\ndel M[-1]", [2, 3]],
    ["starred assignment", "a, *M = [1, 2, 3]", [2, 3]],
    ["match with sequences and mappings", "match {'a': [1, 2]}:\n  case {'a': [x, *M]}: pass", [2]],
    ["match with literals and or", "match 2:\n  case 1 | 2: M = 'few'\n  case _: M = 'many'", "few"],
    ["annotations of a function", "def f(x: int) -> str:\n  y: int = x\n  return y\nM = f(1)", 1],
    ["type alias", "type Text = str\nM = 1", 1],
    ["async def alone", "async def f(): return 1\nM = 1", 1],
    ["f-string with a nested spec", "M = f'{3.14159:{6}.{2}f}|{[1]!r:>5}'", "  3.14|  [1]"],
    [
      "unpacking in displays and calls",
      "def f(*a, **k): return [a, k]\nM = f(*[1], **{'b': 2}) + [{**{'c': 3}}]",
      [[1], { b: 2 }, { c: 3 }],
    ],
    ["matrix operator is only syntax", "try: 1 @ 2\nexcept TypeError: M = 'no'", "no"],
    ["del of a name", "x = 1\ndel x\nM = 1", 1],
    ["exception classes", "try: {}['k']\nexcept (ValueError, KeyError) as e: M = str(e)", "'k'"],
  ];
  it.each(allowed)("%s", async (_what, source, expected) => {
    expect(await read(`${source}\nresult['message'] = M`)).toEqual(expected);
  });
});

describe("positions", () => {
  it("count lines and characters from 1, in characters, not bytes", async () => {
    expect(await run("x = 1\ny = 'ééé'; x.a = 2")).toMatchObject({ line: 2, column: 12 });
    expect(await run("x = (1,\ny = 2")).toMatchObject({ status: "refused", type: "SyntaxError", line: 1, column: 5 });
  });

  it("are the same whatever ends the lines", async () => {
    for (const end of ["\n", "\r\n", "\r"])
      expect(await run(["x = 1 # \f \u2028", "", "y = 'ééé'; x.a = 2"].join(end))).toMatchObject({
        line: 3,
        column: 12,
      });
    expect(await run("x = '\x85'\r1 / 0\r")).toMatchObject({
      line: 2,
      traceback: expect.stringContaining("    1 / 0"),
    });
  });

  it("check() says the same without running", async () => {
    expect(await sandbox.check(prepare(sandbox, "x = 1\nimport os"))).toEqual({
      type: "ValueError",
      message: "forbidden: import is not allowed here",
      line: 2,
      column: 1,
    });
    expect(await sandbox.check(prepare(sandbox, "raise UserError('not run')"))).toBeNull();
  });

  it.each(["x = \0", "-".repeat(50_000) + "1", "[".repeat(5_000), "x = " + "a.".repeat(30_000) + "b"])(
    "odd source is a problem, not an accident (%#)",
    async (source) => {
      expect(await sandbox.check(prepare(sandbox, source))).toMatchObject({ type: expect.stringMatching(/Error$/) });
      expect(await read("result['message'] = 'alive'")).toBe("alive");
    },
  );
});

describe("str.format", () => {
  it("works", async () => {
    const source = lines(
      "person = {'name': 'Ann', 'n': [1, 2]}",
      "result['message'] = ['{:>4}'.format('a'), '{0[name]}'.format(person), '{n[1]}'.format(**person), '{a}'.format_map({'a': 1}),",
      "  *map('<{}>'.format, [1, 2]), str.format('{}', 3), '{:{}}'.format('x', 3), '{0.year}'.format(datetime.date(2026, 1, 2))]",
    );
    expect(await read(source)).toEqual(["   a", "Ann", "2", "1", "<1>", "<2>", "3", "x  ", "2026"]);
  });

  it.each([
    "'{0.__class__}'.format(1)",
    "'{0.__init__.__globals__}'.format(UserError)",
    "'{0:{1.__class__}}'.format(1, 2)",
    "'{a.__class__}'.format_map({'a': 1})",
    "str.format('{0.__class__}', 1)",
    "unicode.format_map('{a.__class__}', {'a': 1})",
    "f = str.format\nf('{0.gi_frame}', 1)",
    "[*map('{0.__class__}'.format, [1])]",
    "reduce(str.format, ['{0.__class__}', 1])",
    "sorted([1], key='{0.__class__}'.format)",
    "(lambda f: f('{0.f_globals}', 1))(str.format)",
    "_logger.info('{0.__class__}'.format(1))",
    // Broken after a field that would have been looked up.
    "'{0.__class__}{'.format(1)",
    "'{0.__class__}}'.format(1)",
    "'{0.__class__.}'.format(1)",
    "'{0:{1.__class__}}{'.format(1, 2)",
    "'{a.__class__}{'.format_map({'a': 1})",
    "str.format('{0.__class__}{', 1)",
  ])("%s does not reach attributes", async (source) => {
    const outcome = await run(source);
    expect(outcome).toMatchObject({
      status: "raised",
      type: "NameError",
      message: expect.stringMatching(/^Access to forbidden name/),
    });
  });
});
