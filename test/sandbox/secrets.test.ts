import { afterAll, describe, expect, it } from "vitest";
import { markPlaceholders } from "../../src/sandbox/python/placeholders.ts";
import { lines, openSandbox, prepare } from "./support.ts";

const { sandbox, run, read } = await openSandbox();
afterAll(() => sandbox.close(0));

const NASTY = "quo\"te' back\\slash\nline\ttab {brace} %s é😀 #!cxtower.secret.OTHER!#";
const secrets = { KEY: NASTY, OTHER: "other value" };

describe("a placeholder", () => {
  const K = "#!cxtower.secret.KEY!#";
  const places: [string, string, unknown][] = [
    ["stands for the value, bare", K, NASTY],
    ["in a string", `"a ${K} b"`, `a ${NASTY} b`],
    ["in a string in single quotes", `'${K}'`, NASTY],
    ["in a raw string", `r"\\d${K}"`, `\\d${NASTY}`],
    ["in a string of several lines", `'''\n${K}\n'''`, `\n${NASTY}\n`],
    ["after a backslash", `"\\\\${K}"`, `\\${NASTY}`],
    ["in an f-string", `f"{1 + 1}{{}} ${K}"`, `2{} ${NASTY}`],
    ["as a value in an f-string", `f"<{${K}}>"`, `<${NASTY}>`],
    ["in a format spec it is only text", `f"{'a':#!cxtower.secret.WIDTH!#}"`, "a  "],
    ["in bytes", `b"${K}" == ${K}.encode()`, true],
    ["between literals", `""${K}""`, NASTY],
    ["joined to literals", `"Z"${K}"__Z." 'x'`, `Z${NASTY}__Z.x`],
    ["with a prefix of a literal before it", `b${K} == ${K}.encode()`, true],
    ["twice in a literal", `"${K}${K}"`, NASTY + NASTY],
    ["as a key", `{${K}: 1}[${K}]`, 1],
    ["before a keyword", `${K}if True else 0`, NASTY],
    ["with spaces inside", "# ! cxtower".replaceAll(" ", "") + " . secret . KEY !#", NASTY],
    ["is not expanded a second time", "#!cxtower.secret.KEY!#", NASTY],
    ["in a default argument", `(lambda k=${K}: k)()`, NASTY],
  ];
  it.each(places)("%s", async (_what, expression, expected) => {
    expect(
      await read(`x = 'padding to be long enough'\nresult['message'] = ${expression}`, {
        secrets: { ...secrets, WIDTH: "3" },
      }),
    ).toEqual(expected);
  });

  it.each([
    ["a missing one", "#!cxtower.secret.NOPE!#"],
    ["another type", "#!cxtower.ssh.KEY!#"],
    ["two parts", "#!cxtower.secret!#"],
    ["four parts", "#!cxtower.secret.KEY.more!#"],
    ["the prefix alone", "#!cxtower!#"],
    ["no terminator of its own", "#!cxtower.secret.KEY #!cxtower.secret.KEY!#"],
    ["one over two lines", "#!cxtower.secret.K\nEY!#"],
  ])("%s is None, and the text None in a literal", async (_what, placeholder) => {
    expect(
      await read(`result['message'] = [${placeholder}, '${placeholder}', ${placeholder} is None]`, { secrets }),
    ).toEqual([null, "None", true]);
  });

  it("in a comment does nothing, and without its end is a comment", async () => {
    expect(
      await read("# uses #!cxtower.secret.KEY!# here\nresult['message'] = 1 #!cxtower.secret.KEY", { secrets }),
    ).toBe(1);
  });

  it("as a case pattern is refused", async () => {
    expect(await run(`match 'x':\n  case ${K}: pass`, { secrets })).toMatchObject({ status: "refused", line: 2 });
  });

  it("may have an empty value", async () => {
    expect(await read(`result['message'] = [${K}, 'a${K}']`, { secrets: { KEY: "" } })).toEqual(["", "a"]);
  });
});

describe("positions around placeholders", () => {
  it("are those of the original source", async () => {
    const source = "key = #!cxtower.secret.KEY!#; x.a = 1";
    expect(await run(source, { secrets })).toMatchObject({
      status: "refused",
      line: 1,
      column: source.indexOf("x.a") + 1,
    });
  });

  it("count the line breaks inside one", async () => {
    expect(await run("a = #!cxtower\n\n!#\nb = 1\n1 / 0")).toMatchObject({
      status: "raised",
      line: 5,
      traceback: expect.stringContaining("1 / 0"),
    });
  });

  it("tracebacks show the placeholder, not the value", async () => {
    const outcome = await run("x = [#!cxtower.secret.KEY!#][5]", { secrets });
    expect(outcome).toMatchObject({
      status: "raised",
      type: "IndexError",
      traceback: expect.stringContaining("#!cxtower.secret.KEY!#"),
    });
    expect(JSON.stringify(outcome)).not.toContain("quo");
  });
});

describe("finding placeholders", () => {
  it("names each reference once, in order", () => {
    const source = "'#!cxtower.secret.B!# #!cxtower.secret.A!# #!cxtower.secret.B!# #!cxtower.other.C!#'";
    expect(markPlaceholders(source).secretReferences).toEqual(["B", "A"]);
  });

  it("keeps the length", () => {
    for (const source of ["x = #!cxtower!# + 'long enough'", "x = #!cxtower.secret.É😀!#"]) {
      expect([...markPlaceholders(source).marked.marked].length).toBe([...source].length);
    }
  });

  it("does not scan source of 14 characters or less", () => {
    expect(markPlaceholders("#!cxtower.a!# ")).toMatchObject({ marked: { marked: "#!cxtower.a!# ", nonce: "" } });
  });

  it("takes no text of the source for a marker", async () => {
    const { marked } = markPlaceholders("x = '#!cxtower.secret.KEY!#'");
    const copied = marked.marked.slice(5, -1);
    expect(await read(`result['message'] = ['${copied}', #!cxtower.secret.KEY!#]`, { secrets: { KEY: "v" } })).toEqual([
      copied,
      "v",
    ]);
  });

  it("gives the same program the same key, and every other another", () => {
    expect(prepare(sandbox, "x = 1").key).toBe(prepare(sandbox, "x = 1").key);
    expect(prepare(sandbox, "x = 1").key).not.toBe(prepare(sandbox, "x = 2").key);
    expect(prepare(sandbox, "x = 1", { message: "json" }).key).not.toBe(prepare(sandbox, "x = 1").key);
  });
});

describe("hmac.compare_digest", () => {
  it("reports what was compared with a secret", async () => {
    const source = lines(
      "hmac.compare_digest('nothing', 'special')",
      "hmac.compare_digest('guess one', #!cxtower.secret.KEY!#)",
      "hmac.compare_digest(#!cxtower.secret.KEY!#.encode(), b'guess two')",
      "hmac.compare_digest(#!cxtower.secret.KEY!#, 'k')",
    );
    const outcome = await run(source, { secrets: { KEY: "k" } });
    expect(outcome).toMatchObject({ status: "completed", comparedWithSecret: ["guess one", "guess two"] });
  });

  it("reports a bounded number of bounded texts", async () => {
    const source = "for i in range(100): hmac.compare_digest(#!cxtower.secret.KEY!#, str(i) * 10000)";
    const { comparedWithSecret } = await run(source, { secrets: { KEY: "k" } });
    expect(comparedWithSecret.length).toBeLessThanOrEqual(16);
    expect(Math.max(...comparedWithSecret.map((text) => text.length))).toBeLessThanOrEqual(4096);
  });

  it("fails as the real one does", async () => {
    expect(await run("hmac.compare_digest('é', 'e')")).toMatchObject({
      type: "TypeError",
      message: "comparing strings with non-ASCII characters is not supported",
    });
    expect(await run("hmac.compare_digest('a', b'a')")).toMatchObject({ type: "TypeError" });
  });
});

it("compiled code is shared by values: a changed secret needs no new program", async () => {
  const source = "result['message'] = 'v: #!cxtower.secret.KEY!#'";
  expect(await read(source, { secrets: { KEY: "one" } })).toBe("v: one");
  expect(await read(source, { secrets: { KEY: "two" } })).toBe("v: two");
});
