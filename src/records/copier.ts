import { HooktowerError } from "../lib/errors.ts";
import { assertAllowed, type Actor } from "./access.ts";
import type { RecordContext } from "./context.ts";
import type { Model, RecordValues } from "./model.ts";
import type { RecordReader } from "./reader.ts";
import type { RecordView } from "./records.ts";
import { makeCopyName } from "./reference.ts";

const MAX_COPY_ATTEMPTS = 100;

interface CopyTools {
  readonly create: (model: Model, values: RecordValues, actor: Actor) => Promise<RecordView>;
  readonly count: (model: Model, filters: RecordValues) => Promise<number>;
}

/** Makes copies of records over one transaction. */
export function createCopier({ models }: RecordContext, reader: RecordReader, { create, count }: CopyTools) {
  async function copy(model: Model, reference: string, overrides: RecordValues, actor: Actor): Promise<RecordView> {
    assertAllowed(actor, model, "create");
    const original = await reader.view(model, await reader.getRow(model, reference, actor, "read"), actor);
    for (let attempt = 1; attempt <= MAX_COPY_ATTEMPTS; attempt += 1) {
      const values = { ...(await makeCopyValues(model, original, attempt, actor)), ...overrides };
      if (await isFree(model, values, original, overrides)) return create(model, values, actor);
    }
    throw new HooktowerError("conflict", `${model.label} ${reference} has too many copies`);
  }

  async function makeCopyValues(
    model: Model,
    original: RecordValues,
    attempt: number,
    actor: Actor,
  ): Promise<RecordValues> {
    const values: RecordValues = {};
    for (const [name, field] of Object.entries(model.fields)) {
      const value = original[name] ?? null;
      if (field.copy === false || field.readonly || value === null) continue;
      if (field.kind === "one2many") {
        const child = models.get(field.relation);
        const copies: RecordValues[] = [];
        for (const reference of value as string[]) {
          const found = await reader.get(child, reference, actor);
          const { [field.inverse]: _parent, ...rest } = await makeCopyValues(child, found, 0, actor);
          copies.push(rest);
        }
        values[name] = copies;
      } else values[name] = typeof field.copy === "function" ? field.copy(value, attempt) : value;
    }
    // What belongs to a copied record keeps its name.
    if (typeof original["name"] === "string" && attempt > 0) values["name"] = makeCopyName(original["name"], attempt);
    return values;
  }

  /** Whether name and unique fields of a copy are not taken; what the caller chose is not second-guessed. */
  async function isFree(
    model: Model,
    values: RecordValues,
    original: RecordValues,
    overrides: RecordValues,
  ): Promise<boolean> {
    const isTaken = async (filters: RecordValues) => (await count(model, filters)) > 0;
    if (!("name" in overrides) && "name" in original && (await isTaken(pick(values, ["name"])))) return false;
    for (const { fields } of model.unique) {
      if (!fields.some((field) => field in overrides) && (await isTaken(pick(values, fields)))) return false;
    }
    return true;
  }

  return copy;
}

function pick(values: RecordValues, names: readonly string[]): RecordValues {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
}
