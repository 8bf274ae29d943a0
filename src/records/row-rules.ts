import type { Actor } from "./access.ts";
import { compare, type Condition } from "./condition.ts";
import type { CompilerOptions } from "./condition.store.ts";
import type { RecordContext } from "./context.ts";
import { findField, type Model, type RecordValues } from "./model.ts";

/** Whether the record is among those that the rule names. */
export async function matchesRule(
  model: Model,
  id: number,
  rule: Condition,
  actor: Actor,
  context: RecordContext,
): Promise<boolean> {
  if (typeof rule === "boolean") return rule;
  const options = compilerOptions(actor, true, context);
  const where = [
    { condition: compare("id", "=", id), options },
    { condition: rule, options },
  ];
  return (await context.store.count(model, { where })) > 0;
}

export function compilerOptions(actor: Actor, trusted: boolean, { models, dialect }: RecordContext): CompilerOptions {
  return { models, dialect, actor, trusted };
}

/** Equalities as one condition; relations are named by reference. */
export function filterCondition(model: Model, filters: RecordValues, context: RecordContext): Condition {
  const parts = Object.entries(filters).map(([name, value]): Condition => {
    const field = findField(model, name);
    const scalar = value as string | number | boolean | null;
    if (field === undefined || !("relation" in field) || value === null) return compare(name, "=", scalar);
    const target = context.models.get(field.relation);
    return target.referenceField === "id"
      ? compare(name, "=", Number(value))
      : compare(`${name}.${target.referenceField}`, "=", scalar);
  });
  return { all: parts };
}
