import { sql, type RawBuilder } from "kysely";
import type { Database } from "../db/database.ts";
import { HooktowerError, invalid } from "../lib/errors.ts";
import { findRule, seesField, type Actor } from "./access.ts";
import { ACTOR, type Comparison, type Condition, type Operator, type Scalar } from "./condition.ts";
import { isReadable, storedSelection, type Field } from "./field.ts";
import { findField, type Model, type ModelRegistry } from "./model.ts";

type Sql = RawBuilder<boolean>;

export interface CompilerOptions {
  readonly models: ModelRegistry;
  readonly dialect: Database["dialect"];
  readonly actor: Actor;
  /**
   * True for the rules of the tower itself. A search by people is held to the rules on its whole way:
   * it can neither compare a field that the actor does not see nor look into records hidden from them.
   */
  readonly trusted: boolean;
}

const TRUE = sql<boolean>`1 = 1`;
const FALSE = sql<boolean>`1 = 0`;
const MAX_DEPTH = 50;
const MAX_PATH = 8;
/** That one field is compared with. SQLite takes 32,766 in a statement, PostgreSQL 65,535. */
export const MAX_VALUES = 10_000;
const TEXTS: readonly string[] = ["text", "longText", "code", "selection"];

/** Columns that every record has beside its fields. */
const COMMON_COLUMNS: Readonly<Record<string, "id" | "time">> = {
  id: "id",
  create_uid: "id",
  create_date: "time",
  write_date: "time",
};

/**
 * The condition as SQL over the table of `model`, which is called `alias` in the query.
 *
 * @throws HooktowerError `invalid` for fields and values that cannot be compared, `forbidden` for hidden fields
 */
export function compileCondition(condition: Condition, model: Model, alias: string, options: CompilerOptions): Sql {
  let aliases = 0;
  return compile(condition, model, alias, 0);

  function compile(part: Condition, owner: Model, name: string, depth: number): Sql {
    if (depth > MAX_DEPTH) throw unusable("the condition is nested too deep");
    if (typeof part === "boolean") return part ? TRUE : FALSE;
    if ("not" in part) return sql<boolean>`not ${compile(part.not, owner, name, depth + 1)}`;
    if ("all" in part) return combine(part.all, sql` and `, TRUE);
    if ("any" in part) return combine(part.any, sql` or `, FALSE);
    return compileComparison(part, owner, name);

    function combine(parts: readonly Condition[], word: RawBuilder<unknown>, none: Sql): Sql {
      if (parts.length === 0) return none;
      return sql<boolean>`(${sql.join(
        parts.map((inner) => compile(inner, owner, name, depth + 1)),
        word,
      )})`;
    }
  }

  function compileComparison(comparison: Comparison, owner: Model, name: string): Sql {
    const [first = "", ...rest] = comparison.path.split(".");
    if (rest.length > MAX_PATH) throw unusable("the path is too long");
    if (asList(comparison.value).length > MAX_VALUES)
      throw unusable(`${first} is compared with more than ${MAX_VALUES} values`);
    const common = Object.hasOwn(COMMON_COLUMNS, first) ? COMMON_COLUMNS[first] : undefined;
    if (common !== undefined && rest.length === 0) {
      if (comparison.operator.endsWith("like")) throw unusable(`${comparison.operator} is for texts: ${first} is none`);
      const toColumn = common === "time" ? toTime : toId;
      return compareColumn(sql.ref(`${name}.${first}`), comparison, toColumn, options.dialect);
    }
    if (first === owner.referenceField && rest.length === 0 && !findField(owner, first))
      return compareColumn(sql.ref(`${name}.${first}`), comparison, toText, options.dialect);
    const field = getField(owner, first);
    if (rest.length > 0) {
      const further = { ...comparison, path: rest.join(".") };
      return lookInto(field, first, name, (target, other) => compileComparison(further, target, other));
    }
    if (field.kind === "one2many" || field.kind === "many2many") return compareMany(comparison, field, first, name);
    if (field.kind === "many2one") return compareOne(comparison, field, first, name);
    if (comparison.operator.endsWith("like") && !TEXTS.includes(field.kind))
      throw unusable(`${comparison.operator} is for texts: ${first} is none`);
    const toColumn = field.kind === "flag" ? toFlag : (value: Scalar) => toStored(field, value);
    return compareColumn(sql.ref(`${name}.${first}`), comparison, toColumn, options.dialect);
  }

  function getField(owner: Model, name: string): Field {
    const field = findField(owner, name);
    if (!field || !isReadable(field)) throw unusable(`${owner.labelPlural} cannot be searched by ${name}`);
    if (!options.trusted && !seesField(options.actor, field))
      throw new HooktowerError("forbidden", `${options.actor.login} may not read ${name} of ${owner.labelPlural}`);
    return field;
  }

  /** Whether there is a related record for which `inner` holds. */
  function lookInto(field: Field, column: string, name: string, inner: (target: Model, alias: string) => Sql): Sql {
    if (field.kind !== "many2one" && field.kind !== "one2many" && field.kind !== "many2many")
      throw unusable(`${column} leads to no other records`);
    const target = options.models.get(field.relation);
    aliases += 1;
    // Made of the outer name: rules inside are compiled on their own and must not reuse one of ours.
    const other = `${name}_${aliases}`;
    const rule = options.trusted ? TRUE : compileRule(target, other);
    const table = sql`${sql.table(target.table)} as ${sql.ref(other)}`;
    const own = sql.ref(`${name}.id`);
    const holds = sql`${rule} and ${inner(target, other)}`;
    if (field.kind === "many2one")
      return sql<boolean>`exists (select 1 from ${table} where ${sql.ref(`${other}.id`)} = ${sql.ref(`${name}.${column}`)} and ${holds})`;
    if (field.kind === "one2many")
      return sql<boolean>`exists (select 1 from ${table} where ${sql.ref(`${other}.${field.inverse}`)} = ${own} and ${holds})`;
    const link = `${other}_link`;
    const { link: pairs } = field;
    return sql<boolean>`exists (select 1 from ${sql.table(pairs.table)} as ${sql.ref(link)} join ${table} on ${sql.ref(`${other}.id`)} = ${sql.ref(`${link}.${pairs.other}`)} where ${sql.ref(`${link}.${pairs.own}`)} = ${own} and ${holds})`;
  }

  function compileRule(target: Model, other: string): Sql {
    const rule = findRule(options.actor, target, "read");
    return compileCondition(rule, target, other, { ...options, trusted: true });
  }

  function compareOne(comparison: Comparison, field: Field & { kind: "many2one" }, column: string, name: string): Sql {
    if (!asksForName(comparison)) return compareColumn(sql.ref(`${name}.${column}`), comparison, toId, options.dialect);
    return byName(comparison, field, column, name);
  }

  /** Relations can be compared with the text of a name, as in `("os_id", "ilike", "debian")`. */
  function byName(comparison: Comparison, field: Field, column: string, name: string): Sql {
    const { operator, negated } = splitNegation(comparison.operator);
    const found = lookInto(field, column, name, (target, other) =>
      compileComparison(
        { ...comparison, operator, path: "name" in target.fields ? "name" : target.referenceField },
        target,
        other,
      ),
    );
    return negated ? sql<boolean>`not ${found}` : found;
  }

  function compareMany(comparison: Comparison, field: Field, column: string, name: string): Sql {
    if (asksForName(comparison)) return byName(comparison, field, column, name);
    const { operator, negated } = splitNegation(comparison.operator);
    if (operator !== "=" && operator !== "in")
      throw unusable(`${column} cannot be compared with ${comparison.operator}`);
    const values = asList(comparison.value);
    const ids = values.filter((value) => !isNone(value));
    const parts: Sql[] = [];
    if (ids.length > 0 || values.length === 0)
      parts.push(
        lookInto(field, column, name, (target, other) =>
          compileComparison({ path: "id", operator: "in", value: ids }, target, other),
        ),
      );
    if (ids.length < values.length) parts.push(sql<boolean>`not ${lookInto(field, column, name, () => TRUE)}`);
    const found = sql<boolean>`(${sql.join(parts, sql` or `)})`;
    return negated ? sql<boolean>`not ${found}` : found;
  }

  function toId(value: Scalar): number {
    if (value === ACTOR) return options.actor.userId;
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    throw unusable("a record is compared by its id");
  }
}

/** What a column is compared with; null stands for "no value". */
type ToColumn = (value: Scalar) => string | number;

const MAX_INTEGER = 2 ** 31 - 1;

/** PostgreSQL takes a parameter for what the column is, and refuses numbers that no such column can hold. */
function bind(value: string | number, dialect: CompilerOptions["dialect"]): RawBuilder<unknown> {
  if (dialect === "sqlite" || typeof value === "string") return sql`${value}`;
  if (!Number.isSafeInteger(value)) return sql`${value}::float8`;
  return Math.abs(value) <= MAX_INTEGER ? sql`${value}` : sql`${value}::int8`;
}

function compareColumn(
  column: RawBuilder<unknown>,
  comparison: Comparison,
  toColumn: ToColumn,
  dialect: CompilerOptions["dialect"],
): Sql {
  const { operator, value } = comparison;
  switch (operator) {
    case "=":
    case "in":
      return isOneOf(column, asList(value), toColumn, dialect);
    case "!=":
    case "not in":
      return isNoneOf(column, asList(value), toColumn, dialect);
    case "<":
    case "<=":
    case ">":
    case ">=":
      if (Array.isArray(value) || isNone(value as Scalar)) return FALSE;
      return sql<boolean>`${column} ${sql.raw(operator)} ${bind(toColumn(value as Scalar), dialect)}`;
    default:
      return compareText(column, comparison, dialect);
  }
}

function isOneOf(
  column: RawBuilder<unknown>,
  values: readonly Scalar[],
  toColumn: ToColumn,
  dialect: CompilerOptions["dialect"],
): Sql {
  const wanted = values.filter((value) => !isNone(value)).map((value) => bind(toColumn(value), dialect));
  const isIn = wanted.length === 0 ? FALSE : sql<boolean>`${column} in (${sql.join(wanted)})`;
  if (wanted.length === values.length) return isIn;
  return sql<boolean>`(${isIn} or ${isEmpty(column, values, toColumn)})`;
}

function isNoneOf(
  column: RawBuilder<unknown>,
  values: readonly Scalar[],
  toColumn: ToColumn,
  dialect: CompilerOptions["dialect"],
): Sql {
  const wanted = values.filter((value) => !isNone(value)).map((value) => bind(toColumn(value), dialect));
  const notIn =
    wanted.length === 0 ? TRUE : sql<boolean>`(${column} is null or ${column} not in (${sql.join(wanted)}))`;
  if (wanted.length === values.length) return notIn;
  return sql<boolean>`(${notIn} and not ${isEmpty(column, values, toColumn)})`;
}

/** A flag that is false, a number that is not there, a text that is not there. */
function isEmpty(column: RawBuilder<unknown>, values: readonly Scalar[], toColumn: ToColumn): Sql {
  const isFlag = toColumn === toFlag && values.includes(false);
  return isFlag ? sql<boolean>`(${column} is null or ${column} = 0)` : sql<boolean>`(${column} is null)`;
}

/** `%` and `_` in the value stand for any characters, as in the searches of Odoo. */
function compareText(
  column: RawBuilder<unknown>,
  { operator: given, value }: Comparison,
  dialect: CompilerOptions["dialect"],
): Sql {
  if (Array.isArray(value)) throw unusable(`${given} takes one text`);
  const { operator, negated } = splitNegation(given);
  const text = isNone(value as Scalar) ? "" : toText(value as Scalar);
  const pattern = operator.startsWith("=") ? text : `%${text}%`;
  const found = operator.endsWith("ilike")
    ? sql<boolean>`lower(coalesce(${column}, '')) like lower(${pattern})`
    : likeInCase(column, pattern, dialect);
  return negated ? sql<boolean>`not (${found})` : found;
}

/** SQLite's `like` takes no notice of case; its `glob` does. */
function likeInCase(column: RawBuilder<unknown>, pattern: string, dialect: CompilerOptions["dialect"]): Sql {
  if (dialect === "postgres") return sql<boolean>`coalesce(${column}, '') like ${pattern}`;
  const glob = pattern.replace(/[*?[]/g, "[$&]").replaceAll("%", "*").replaceAll("_", "?");
  return sql<boolean>`coalesce(${column}, '') glob ${glob}`;
}

function splitNegation(operator: Operator): { operator: Operator; negated: boolean } {
  if (operator === "!=") return { operator: "=", negated: true };
  if (operator.startsWith("not ")) return { operator: operator.slice(4) as Operator, negated: true };
  return { operator, negated: false };
}

function asksForName({ operator, value }: Comparison): boolean {
  return operator.endsWith("like") || asList(value).some((item) => typeof item === "string");
}

function asList(value: Comparison["value"]): readonly Scalar[] {
  return Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar];
}

function isNone(value: Scalar): boolean {
  return value === null || value === false;
}

function toStored(field: Field, value: Scalar): string | number {
  switch (field.kind) {
    case "integer":
      return toNumber(value);
    case "datetime":
      return toTime(value);
    case "selection":
      return storedSelection(field, toText(value));
    default:
      return toText(value);
  }
}

function toFlag(value: Scalar): number {
  return value === true || value === 1 ? 1 : 0;
}

function toNumber(value: Scalar): number {
  if (typeof value === "number") return value;
  throw unusable("a number is compared with a number");
}

function toTime(value: Scalar): number {
  if (typeof value === "number") return value;
  // Odoo's own way of writing times has a blank where ISO 8601 has a T, and no zone: it is UTC.
  const iso = typeof value === "string" ? value.replace(" ", "T") : "";
  const time = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(iso) || !iso.includes("T") ? iso : `${iso}Z`);
  if (Number.isNaN(time)) throw unusable("a time is compared with a time, like 2026-01-31 12:00:00");
  return time;
}

function toText(value: Scalar): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw unusable("a text is compared with a text");
}

function unusable(message: string): HooktowerError {
  return invalid([{ path: "domain", message }]);
}
