import { formatTime } from "../../lib/clock.ts";
import type { Actor } from "../../records/access.ts";
import { seesField } from "../../records/access.ts";
import type { OperationsById, RowWithLists } from "../../records/by-id.ts";
import { selectionKey, type Field, type FieldValue } from "../../records/field.ts";
import { findField, type Model, type ModelRegistry, type RecordValues } from "../../records/model.ts";
import { GuestError, type Json } from "../../sandbox/sandbox.ts";

/** What a secret reads as, whether it has a value or not: that is the original's word for both. */
const HIDDEN = "*****";

/** A row as a program reads it: relations are ids, what is not set is false, secrets are hidden. */
export function toGuestRow(
  model: Model,
  { row, lists }: RowWithLists,
  actor: Actor,
  wanted: readonly string[] | null,
): { [field: string]: Json } {
  const values: { [field: string]: Json } = { id: row.id };
  const put = (name: string, value: () => Json) => {
    if (wanted === null || wanted.includes(name)) values[name] = value();
  };
  if (model.referenceField === "reference") put("reference", () => String(row["reference"]));
  for (const name of ["create_date", "write_date"]) put(name, () => toGuestTime(row[name]));
  put("create_uid", () => Number(row["create_uid"]) || false);
  for (const [name, field] of Object.entries(model.fields))
    if (seesField(actor, field)) put(name, () => toGuestValue(field, row[name] ?? null, lists.get(name) ?? []));
  return values;
}

function toGuestValue(field: Field, stored: RowWithLists["row"][string], list: readonly number[]): Json {
  switch (field.kind) {
    case "secret":
    case "password":
      return HIDDEN;
    case "one2many":
    case "many2many":
      return [...list];
    case "flag":
      return stored === 1;
    case "integer":
      return Number(stored ?? 0);
    case "datetime":
      return toGuestTime(stored);
    case "json":
      return stored === null ? false : (JSON.parse(String(stored)) as Json);
    default:
      return stored === null || stored instanceof Uint8Array ? false : stored;
  }
}

function toGuestTime(stored: unknown): Json {
  return typeof stored === "number" ? { $datetime: formatTime(stored) } : false;
}

interface WriteTools {
  readonly models: ModelRegistry;
  readonly operations: OperationsById;
  readonly actor: Actor;
}

/**
 * What a program writes, as records take it: ids become references, and the commands for lists
 * (`(0, 0, values)`, `(6, 0, ids)` …) the list that they lead to.
 *
 * @param id the record that is written; null for a new one
 */
export async function fromGuestValues(
  given: Json,
  model: Model,
  id: number | null,
  tools: WriteTools,
): Promise<RecordValues> {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new GuestError("TypeError", "the values of a record are a dict");
  const values: RecordValues = {};
  for (const [name, value] of Object.entries(given)) {
    const field = findField(model, name);
    if (field?.kind === "many2one") values[name] = await toReference(field.relation, value, tools);
    else if (field?.kind === "many2many" || field?.kind === "one2many")
      values[name] = await applyCommands(field, name, value, model, id, tools);
    else values[name] = fromGuestValue(field, value);
  }
  return values;
}

/** Whether values name other records, so that records must be asked what they are. */
export function namesRecords(given: Json, model: Model): boolean {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return false;
  return Object.keys(given).some((name) => {
    const field = findField(model, name);
    return field !== undefined && "relation" in field;
  });
}

function fromGuestValue(field: Field | undefined, value: Json): FieldValue {
  // False is "not set" for everything but a flag.
  if (value === false && field?.kind !== "flag") return null;
  if (field?.kind === "json") return value;
  if (field?.kind === "selection" && typeof value === "string") return selectionKey(field, value);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const time = value["$datetime"];
    if (typeof time === "string") return time;
  }
  if (field?.kind === "datetime" && typeof value === "string") return toZonedTime(value);
  const isText = field?.kind === "text" || field?.kind === "longText" || field?.kind === "code";
  return isText && typeof value === "number" ? String(value) : value;
}

/** A date, or a time without a zone, is UTC: Odoo's own writing of times, and Python's. */
function toZonedTime(text: string): string {
  const [, day, minutes, seconds] = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d(?:\.\d+)?)?)?$/.exec(text) ?? [];
  return day === undefined ? text : `${day}T${minutes ?? "00:00"}${seconds ?? ":00"}Z`;
}

async function toReference(relation: string, value: Json, { models, operations }: WriteTools): Promise<FieldValue> {
  const [id] = toIds(value);
  if (id === undefined) return null;
  const reference = (await operations.findReferences(models.get(relation), [id])).get(id);
  if (reference === undefined)
    throw new GuestError("MissingError", `There is no ${relation.replaceAll("_", " ")} with id ${id}`);
  return reference;
}

/** An id, a list of ids, a record set, or false for none. */
function toIds(value: Json): number[] {
  if (value === false || value === null) return [];
  if (typeof value === "number") return [value];
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) return value;
  if (typeof value === "object" && !Array.isArray(value)) {
    const records = value["$records"];
    if (Array.isArray(records) && Array.isArray(records[1]))
      return records[1].filter((item) => typeof item === "number");
  }
  throw new GuestError("ValueError", `${JSON.stringify(value)} is no record: give a record set or an id`);
}

async function applyCommands(
  field: Field & { relation: string },
  name: string,
  value: Json,
  model: Model,
  id: number | null,
  tools: WriteTools,
): Promise<FieldValue> {
  const target = tools.models.get(field.relation);
  const before = id === null ? [] : ((await tools.operations.read(model, [id], tools.actor))[0]?.lists.get(name) ?? []);
  /** Id → what is written to it, null for nothing. */
  const kept = new Map<number, RecordValues | null>(before.map((one) => [one, null]));
  const made: RecordValues[] = [];
  for (const command of toCommands(value)) {
    const [code, one, extra] = command;
    const subject = Number(one ?? 0);
    if (code === 0) made.push(await fromGuestValues(extra ?? {}, target, null, tools));
    else if (code === 1) kept.set(subject, await fromGuestValues(extra ?? {}, target, subject, tools));
    else if (code === 2 || code === 3) kept.delete(subject);
    else if (code === 4) kept.set(subject, kept.get(subject) ?? null);
    else if (code === 5) kept.clear();
    else if (code === 6) {
      kept.clear();
      for (const other of toIds(extra ?? [])) kept.set(other, null);
    } else throw new GuestError("ValueError", `${JSON.stringify(command)} is no command for a list of records`);
  }
  if (field.kind === "many2many" && (made.length > 0 || [...kept.values()].some((values) => values !== null)))
    throw new GuestError("ValueError", `${name}: make or change the records themselves, then link them`);
  const references = await tools.operations.findReferences(target, [...kept.keys()]);
  const items = [...kept].map(([other, values]): FieldValue => {
    const reference = references.get(other);
    if (reference === undefined)
      throw new GuestError("MissingError", `There is no ${target.label.toLowerCase()} with id ${other}`);
    return values === null ? reference : { ...values, reference };
  });
  return [...items, ...made];
}

/** A record set or a list of ids in place of commands means: these and no others. */
function toCommands(value: Json): Json[][] {
  if (Array.isArray(value) && value.length > 0 && value.every((item) => Array.isArray(item))) return value;
  return [[6, 0, toIds(Array.isArray(value) && value.length === 0 ? [] : value)]];
}
