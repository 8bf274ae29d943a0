import type { ColumnValue } from "../db/database.ts";
import { formatTime } from "../lib/clock.ts";
import type { FieldError } from "../lib/errors.ts";
import { findRule, seesField, type Actor } from "./access.ts";
import { compare } from "./condition.ts";
import { MAX_VALUES } from "./condition.store.ts";
import type { RecordContext } from "./context.ts";
import { isReadable, selectionKey, storedSelection, type Field, type FieldValue, textOf } from "./field.ts";
import { findField, type Model, type RecordValues } from "./model.ts";
import type { Row, StoredRow } from "./records.store.ts";
import { compilerOptions, matchesRule } from "./row-rules.ts";

/** Passwords as `hashPasswords` leaves them; no password can look like it, since those are hashed too. */
const PASSWORD_HASH_PREFIX = "scrypt$";

function isPasswordHash(text: string): boolean {
  return text.startsWith(PASSWORD_HASH_PREFIX);
}

/** The values with every password hashed. */
export async function hashPasswords(
  model: Model,
  values: RecordValues,
  hash: (password: string) => Promise<string>,
): Promise<RecordValues> {
  const hashed = { ...values };
  for (const [name, field] of Object.entries(model.fields)) {
    const value = values[name];
    if (field.kind === "password" && typeof value === "string" && value !== "") hashed[name] = await hash(value);
  }
  return hashed;
}

/** Where a secret of a model lives, for the cipher. */
export function secretContext(model: Model, field: string): string {
  return `${model.table}.${field}`;
}

/** What values become: columns, and the ids of lists whose pairs stand in tables of their own. */
export interface EncodedValues {
  readonly row: Row;
  readonly linked: ReadonlyMap<string, readonly number[]>;
  readonly errors: readonly FieldError[];
}

/**
 * Values of fields → columns. Relations that point nowhere are errors, and for the actor a record that
 * they may not read is nowhere.
 *
 * @param before the record as it is: what it points at already may stay
 */
export async function encodeValues(
  model: Model,
  values: RecordValues,
  actor: Actor,
  context: RecordContext,
  before: RecordValues | null = null,
): Promise<EncodedValues> {
  const row: Row = {};
  const linked = new Map<string, readonly number[]>();
  const errors: FieldError[] = [];

  async function findTarget(path: string, relation: string, reference: string): Promise<number | null> {
    const target = context.models.get(relation);
    const found = await context.store.findByReference(target, reference);
    const isKnown = before?.[path] === reference;
    if (
      found &&
      (isKnown ||
        target.openToLinks ||
        (await matchesRule(target, found.id, findRule(actor, target, "read"), actor, context)))
    )
      return found.id;
    errors.push({ path, message: `there is no ${target.label.toLowerCase()} ${reference}` });
    return null;
  }

  for (const [name, value] of Object.entries(values)) {
    const field = findField(model, name);
    if (field?.kind === "many2many") {
      const ids: number[] = [];
      for (const reference of asReferences(value)) {
        const id = await findTarget(name, field.relation, reference);
        if (id !== null) ids.push(id);
      }
      linked.set(name, ids);
    } else if (field?.kind === "one2many") {
      // Written by `children.ts`, once the record has an id.
    } else if (field?.kind === "many2one" && value !== null) {
      row[name] = await findTarget(name, field.relation, textOf(value));
    } else {
      row[name] = encodeColumn(model, name, field, value, context);
    }
  }
  return { row, linked, errors };
}

function encodeColumn(
  model: Model,
  name: string,
  field: Field | undefined,
  value: FieldValue,
  { cipher }: RecordContext,
): ColumnValue {
  if (value === null) return null;
  switch (field?.kind) {
    case "secret":
      return cipher.encrypt(textOf(value), secretContext(model, name));
    case "password":
      // Hashing takes 0.2 s: it is done before a transaction opens, never inside.
      if (!isPasswordHash(textOf(value))) throw new Error("a password must be hashed before it is stored");
      return textOf(value);
    case "datetime":
      return Date.parse(textOf(value));
    case "json":
      return JSON.stringify(value);
    case "selection":
      return storedSelection(field, textOf(value));
    default:
      if (typeof value === "boolean") return Number(value);
      return typeof value === "number" ? value : textOf(value);
  }
}

function asReferences(value: FieldValue): string[] {
  return Array.isArray(value) ? value.map((item: FieldValue) => textOf(item)) : [];
}

/** Rows → records as the actor sees them. One query per relation, however many rows. */
export async function decodeRows(
  model: Model,
  rows: readonly StoredRow[],
  actor: Actor,
  context: RecordContext,
): Promise<RecordValues[]> {
  const fields = Object.entries(model.fields).filter(([, field]) => seesField(actor, field));
  const lists = await readLists(fields, rows, actor, context);
  const references = await readReferences(fields, rows, lists, context);
  return rows.map((row) => {
    const record: RecordValues =
      model.referenceField === "id" ? { id: row.id } : { reference: String(row[model.referenceField]) };
    for (const [name, field] of fields) {
      if ("relation" in field) {
        const found = references.get(field.relation);
        const target = context.models.get(field.relation);
        const decode = (id: number): FieldValue | undefined => (target.referenceField === "id" ? id : found?.get(id));
        const ids = lists.get(name)?.get(row.id) ?? [];
        record[name] =
          field.kind === "many2one"
            ? ((typeof row[name] === "number" ? decode(row[name]) : null) ?? null)
            : ids.map(decode).filter((value) => value !== undefined);
      } else if (isReadable(field)) record[name] = decodeColumn(field, row[name] ?? null);
      // A form has to know whether there is a value to replace; the value itself never leaves.
      else record[`has_${name}`] = row[name] !== null && row[name] !== undefined;
    }
    record["create_date"] = formatTime(Number(row["create_date"]));
    record["write_date"] = formatTime(Number(row["write_date"]));
    return record;
  });
}

type NamedField = readonly [string, Field];

/** For each list field: owner's id → ids of what the actor may read, and nothing that tells of the rest. */
export async function readLists(
  fields: readonly NamedField[],
  rows: readonly StoredRow[],
  actor: Actor,
  context: RecordContext,
): Promise<Map<string, Map<number, number[]>>> {
  const { models, store } = context;
  const owners = rows.map(({ id }) => id);
  const lists = new Map<string, Map<number, number[]>>();
  for (const [name, field] of fields) {
    if (field.kind !== "one2many" && field.kind !== "many2many") continue;
    const target = models.get(field.relation);
    const found =
      field.kind === "one2many"
        ? await store.findChildren(target, field.inverse, owners)
        : await store.findLinked(field.link, owners);
    lists.set(name, await keepReadable(target, found, actor, context));
  }
  return lists;
}

async function keepReadable(
  target: Model,
  byOwner: Map<number, number[]>,
  actor: Actor,
  context: RecordContext,
): Promise<Map<number, number[]>> {
  const rule = findRule(actor, target, "read");
  if (rule === true || target.openToLinks || byOwner.size === 0) return byOwner;
  const ids = [...new Set([...byOwner.values()].flat())];
  const options = compilerOptions(actor, true, context);
  const readable = new Set<number>();
  for (let start = 0; start < ids.length; start += MAX_VALUES) {
    const conditions = [compare("id", "in", ids.slice(start, start + MAX_VALUES)), rule];
    const where = conditions.map((condition) => ({ condition, options }));
    for (const { id } of await context.store.list(target, { where })) readable.add(id);
  }
  return new Map([...byOwner].map(([owner, others]) => [owner, others.filter((id) => readable.has(id))]));
}

/** For each related model: id → reference. */
async function readReferences(
  fields: readonly NamedField[],
  rows: readonly StoredRow[],
  lists: ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>,
  { models, store }: RecordContext,
): Promise<Map<string, Map<number, string>>> {
  const wanted = new Map<string, Set<number>>();
  for (const [name, field] of fields) {
    if (!("relation" in field)) continue;
    const ids = wanted.get(field.relation) ?? new Set<number>();
    wanted.set(field.relation, ids);
    for (const row of rows) {
      const value = row[name];
      if (field.kind === "many2one") {
        if (typeof value === "number") ids.add(value);
      } else for (const id of lists.get(name)?.get(row.id) ?? []) ids.add(id);
    }
  }
  const references = new Map<string, Map<number, string>>();
  for (const [relation, ids] of wanted) {
    const target = models.get(relation);
    if (target.referenceField !== "id") references.set(relation, await store.findReferences(target, [...ids]));
  }
  return references;
}

function decodeColumn(field: Field, stored: ColumnValue): FieldValue {
  if (stored === null || stored instanceof Uint8Array) return null;
  switch (field.kind) {
    case "flag":
      return stored === 1;
    case "datetime":
      return formatTime(Number(stored));
    case "json":
      return JSON.parse(String(stored)) as FieldValue;
    case "selection":
      return selectionKey(field, String(stored));
    default:
      return stored;
  }
}
