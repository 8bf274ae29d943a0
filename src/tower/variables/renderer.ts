import { makeProgram } from "../../guest/programs.ts";
import { describeFailure } from "../../guest/outcome-text.ts";
import type { Json, RunOutcome, Sandbox } from "../../sandbox/sandbox.ts";

/** A text could not be rendered; its message is for people. */
export class RenderError extends Error {
  override readonly name = "RenderError";
}

/** Values by the names that a template has for them. */
export type TemplateValues = Readonly<Record<string, Json>>;

/** What is worked out of templates, conditions and modifiers: all of it in the sandbox. */
export interface Renderer {
  /**
   * @param pythonic every value becomes a Python literal, so that it cannot change the code around it
   * @throws RenderError
   */
  render(text: string, values: TemplateValues, mode: { readonly pythonic: boolean }): Promise<string>;
  /** Whether a Python expression is true. @throws RenderError */
  evaluate(expression: string): Promise<boolean>;
  /** What a modifier makes of a value: `result` of Python code that sees `value`. @throws RenderError */
  modify(code: string, value: string): Promise<Json>;
}

/**
 * In Python code numbers are texts, as in the original: `{{ n }} == "5"` is how snippets compare a value, whether
 * it came as a text or as a number.
 */
function withoutNumbers(value: Json): Json {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(withoutNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutNumbers(inner)]));
}

export function createRenderer(sandbox: Pick<Sandbox, "prepare" | "run">): Renderer {
  async function run(
    kind: "template" | "pythonic_template" | "condition" | "modifier",
    source: string,
    values: TemplateValues,
  ): Promise<RunOutcome & { status: "completed" }> {
    const inputs = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, { kind: "json", value } as const]),
    );
    const program = sandbox.prepare(makeProgram(kind, kind, source));
    const outcome = await sandbox.run({ program, inputs, secrets: new Map() });
    if (outcome.status !== "completed") throw new RenderError(describeFailure(outcome));
    return outcome;
  }

  return {
    async render(text, values, { pythonic }) {
      const { result } = pythonic
        ? await run("pythonic_template", text, withoutNumbers(values) as TemplateValues)
        : await run("template", text, values);
      const { text: rendered } = result;
      return typeof rendered === "object" && rendered !== null ? rendered.text : "";
    },
    async evaluate(expression) {
      return (await run("condition", expression, {})).result["value"] === true;
    },
    async modify(code, value) {
      const { value: made } = (await run("modifier", code, { value })).result;
      return typeof made === "object" && made !== null ? (JSON.parse(made.json) as Json) : null;
    },
  };
}
