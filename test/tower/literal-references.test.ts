import { expect, it } from "vitest";
import { replaceReferences } from "../../src/tower/variables/literal-references.ts";

const VALUES = new Map([
  ["branch", 'ma"in\\\n\u2028é'],
  ["none", null],
  ["empty", ""],
  ["port", "8069"],
]);

it.each([
  ["x = {{ branch }}", 'x = "ma\\"in\\\\\\n\u2028é"'],
  ["x = {{none}}; y = {{\tempty }}", "x = None; y = False"],
  ["int({{ port }}) + 1", 'int("8069") + 1'],
  // Python's own braces, and what no variable is called.
  ["{{ unknown }}", "{{ unknown }}"],
  ["d = {'a': {port: 1}}; s = {{port, 2}}", "d = {'a': {port: 1}}; s = {{port, 2}}"],
  ['f"{{port}} {x}" + "{%s}" % x', 'f"{{port}} {x}" + "{%s}" % x'],
  ["'{{ port }}' # it's {{ port }}", "'{{ port }}' # it's {{ port }}"],
  ['"""\n{{ port }}\n"""; {{ port }}', '"""\n{{ port }}\n"""; "8069"'],
  ["'\\'{{ port }}' {{ port }}", "'\\'{{ port }}' \"8069\""],
])("%s becomes %s", (source, expected) => {
  const replaced = replaceReferences(source, VALUES);
  expect(replaced).toBe(expected);
  expect(replaced.split("\n")).toHaveLength(source.split("\n").length);
});

it("takes no longer than the text is long", () => {
  const source = `${"'".repeat(100_001)} {{ port }} ${"{{ ".repeat(50_000)}`;
  const startedAt = performance.now();
  replaceReferences(source, VALUES);
  // Linear: some milliseconds. Quadratic: minutes.
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
