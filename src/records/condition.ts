/**
 * Conditions on records: what access rules are made of, and what a search asks for. Data, so that one
 * compiler (`condition.store.ts`) turns all of them into SQL, and none is ever checked in two ways.
 */

/** Stands for the id of the acting user. */
export const ACTOR = Symbol("the acting user");

export type Operator =
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "not in"
  | "like"
  | "not like"
  | "ilike"
  | "not ilike"
  | "=like"
  | "=ilike";

export const OPERATORS: readonly string[] = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "in",
  "not in",
  "like",
  "not like",
  "ilike",
  "not ilike",
  "=like",
  "=ilike",
] satisfies Operator[];

export type Scalar = string | number | boolean | null | typeof ACTOR;

/**
 * One comparison. `path`: a field, or fields of related records joined by dots (`server_id.user_ids`): it
 * holds when it holds for any of the related records. Relations are compared by id; null is "none".
 */
export interface Comparison {
  readonly path: string;
  readonly operator: Operator;
  readonly value: Scalar | readonly Scalar[];
}

export type Condition =
  | boolean
  | Comparison
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition };

export function compare(path: string, operator: Operator, value: Comparison["value"]): Condition {
  return { path, operator, value };
}

export function all(...conditions: readonly Condition[]): Condition {
  return { all: conditions };
}

export function any(...conditions: readonly Condition[]): Condition {
  return { any: conditions };
}

/** The same condition, asked of the records that `path` leads to. */
export function through(path: string, condition: Condition): Condition {
  if (typeof condition === "boolean") return condition;
  if ("all" in condition) return { all: condition.all.map((part) => through(path, part)) };
  if ("any" in condition) return { any: condition.any.map((part) => through(path, part)) };
  if ("not" in condition) return { not: through(path, condition.not) };
  return { ...condition, path: `${path}.${condition.path}` };
}
