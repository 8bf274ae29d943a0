import type { ServerRow } from "./run-records.store.ts";
import type { RunTools } from "./run-tools.ts";
import type { VariableValues } from "./runs.ts";
import { RenderError } from "../variables/renderer.ts";
import { findTemplateNames } from "../variables/template-names.ts";
import { SYSTEM, type Read } from "../variables/variable-values.ts";

/**
 * Whether a line's condition is true: a template whose values become Python literals, and the expression
 * that it makes. An empty one is true; one that fails is false, and the log of the tower says why.
 */
export async function conditionHolds(
  { renderer, variables, logger }: Pick<RunTools, "renderer" | "variables" | "logger">,
  condition: string | null,
  server: ServerRow,
  values: VariableValues,
  read: Read,
): Promise<boolean> {
  if (condition === null || condition.trim() === "") return true;
  try {
    const names = findTemplateNames(condition);
    const resolved = await variables.resolve(names, server, read);
    for (const [name, value] of Object.entries(values)) if (names.has(name) && name !== SYSTEM) resolved[name] = value;
    const isTemplate = condition.includes("{{") || condition.includes("{%");
    const expression = isTemplate ? await renderer.render(condition, resolved, { pythonic: true }) : condition;
    return await renderer.evaluate(expression);
  } catch (thrown) {
    if (!(thrown instanceof RenderError)) throw thrown;
    logger.warn({ condition, reason: thrown.message }, "the condition of a plan line failed: the line is skipped");
    return false;
  }
}
