import { afterAll, describe, expect, it } from "vitest";
import { models } from "../../src/models.ts";
import { createCodeCheck } from "../../src/tower/code-check.ts";
import { openSandbox } from "../sandbox/support.ts";

const { sandbox } = await openSandbox();
afterAll(() => sandbox.close(0));

const check = createCodeCheck(() => sandbox);

describe("before it is saved", () => {
  it.each([
    ["modifier", "result = value.lower()", null],
    ["modifier", "result =", "SyntaxError: invalid syntax (line 1, column 9)"],
    ["line_condition", "1 > 0", null],
    ["line_condition", "  ", null],
    ["line_condition", '{{ env_name }} == "prod"', null],
    ["line_condition", "=q", "SyntaxError: invalid syntax (line 1, column 1)"],
    ["line_condition", "{{ env_name", "TemplateSyntaxError: }} is missing (line 1, column 1)"],
    ["line_condition", "not {{ x.__class__ }}", "NameError: Access to forbidden name '__class__' (line 1, column 10)"],
    ["python_command", "result = {'exit_code': 0}", null],
    ["python_command", "import os", "ValueError: forbidden: import is not allowed here (line 1, column 1)"],
    ["python_command", "import {{ name }}", null],
    ["text", "docker ps --format '{{.Names}}' && echo {{ $x {% if", null],
    ["text", "{{ broken", null],
  ])("%s: %s", async (program, source, problem) => {
    expect(await check(program, source)).toBe(problem);
  });

  it("every field of code names a kind that is known", async () => {
    const fields = models.all.flatMap((model) => Object.values(model.fields));
    const programs = fields.flatMap((field) =>
      (field.kind === "code" || field.kind === "text") && field.program !== undefined ? [field.program] : [],
    );
    expect(programs.length).toBeGreaterThan(5);
    for (const program of programs)
      for (const values of [{}, { action: "python_code" }])
        expect(await check(typeof program === "string" ? program : program(values), "")).toBeNull();
  });
});
