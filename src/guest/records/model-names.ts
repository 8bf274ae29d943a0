import type { Model, ModelRegistry } from "../../records/model.ts";

/**
 * Models as snippets call them: those of the original, so that its snippets work. `plan_line` is
 * `cx.tower.plan.line`; users are Odoo's own.
 */
export function longName(model: Model): string {
  return model.name === "user" ? "res.users" : `cx.tower.${model.name.replaceAll("_", ".")}`;
}

/** Finds models by the names that snippets have for them. */
export function createModelNames(models: ModelRegistry): (name: string) => Model | undefined {
  const byName = new Map(models.all.map((model) => [longName(model), model]));
  return (name) => byName.get(name);
}
