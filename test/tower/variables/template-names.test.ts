import { describe, expect, it } from "vitest";
import { findTemplateNames } from "../../../src/tower/variables/template-names.ts";

const find = (source: string) => [...findTemplateNames(source)];

describe("names of variables in a template", () => {
  it.each([
    ["mkdir {{ dir }}", ["dir"]],
    ["{{dir}}{{- other -}}", ["dir", "other"]],
    ["{{ tower.server.name }}", ["tower"]],
    ["{{ a.b['c'] | default(d) ~ 'e {{ f }}' }}", ["a", "d"]],
    ["{% if x == 'y' and not z %}{{ v }}{% endif %}", ["x", "z", "v"]],
    ["{% for item in items %}{{ loop.index }}{% endfor %}", ["item", "items"]],
    ["{% set a = b %}", ["a", "b"]],
    ["{{ {'a': {'b': c}} }} {{ d }}", ["c", "d"]],
    ["{{ x\n  | upper }}", ["x"]],
    ["{{ größe }}", ["größe"]],
    ["{# {{ no }} #}{{ yes }}", ["yes"]],
    ["{% raw %}{{ no }}{% endraw %}{{ yes }}", ["yes"]],
    ["{%- raw -%} {{ no }} {%- endraw -%} {{ yes }}", ["yes"]],
    ['{{ "\\"}} {{ no" }}{{ yes }}', ["yes"]],
  ])("%s", (source, names) => {
    expect(find(source)).toEqual(names);
  });

  it.each([
    ["no template at all", "echo $HOME ${x} {a,b}", []],
    ["the language of another", "docker ps --format '{{.Names}}'", []],
    ["unknown characters", "{{ a $ b }} {{ c }}", ["a"]],
    ["no end", "{{ a }} {{ b", ["a", "b"]],
    ["an open string", "{{ a ~ 'b }} {{ c }}", ["a"]],
    ["an open comment", "{{ a }}{# {{ b }}", ["a"]],
    ["an open raw part", "{{ a }}{% raw %}{{ b }}", ["a"]],
    ["brackets that do not match", "{{ a) }}{{ b }}", ["a", "b"]],
  ])("of a text with %s", (_what, source, names) => {
    expect(find(source)).toEqual(names);
  });

  it("are found in hostile text in one pass", () => {
    const size = 200_000;
    const texts = [
      "{{",
      "{%",
      "{#",
      "{{(",
      "{{'",
      "{% raw %}",
      "{% endraw",
      "{{ a ",
      "{%-   ",
      "{{ }} ",
      "'",
      '{{"\\',
      "\\",
      "{{ é",
    ];
    // Anything that looks at the rest of the text again and again takes minutes for these.
    for (const text of texts) expect(findTemplateNames(text.repeat(size)).size).toBeLessThan(3);
  });
});
