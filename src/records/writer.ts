import { isForeignKeyViolation, isUniqueViolation } from "../db/errors.ts";
import { coerceError, HooktowerError, invalid } from "../lib/errors.ts";
import { assertAllowed, seesField, type Actor } from "./access.ts";
import { encodeValues, type EncodedValues } from "./codec.ts";
import { compare } from "./condition.ts";
import { SYSTEM, type RecordContext } from "./context.ts";
import { isColumn, type FieldValue, textOf } from "./field.ts";
import { findField, type Model, type RecordValues } from "./model.ts";
import { createCopier } from "./copier.ts";
import type { RecordReader } from "./reader.ts";
import type { RecordView } from "./records.ts";
import type { Row } from "./records.store.ts";
import { findFreeReference, makeReference } from "./reference.ts";
import { compilerOptions, filterCondition } from "./row-rules.ts";
import { validateValues } from "./validation.ts";

const MAX_NESTING = 8;

/** Changing records over one transaction. */
export function createWriter(
  context: RecordContext,
  reader: RecordReader,
  onDelete: (model: Model, id: number) => void,
) {
  const { models, store, clock } = context;

  async function create(model: Model, given: RecordValues, actor: Actor, reserved?: number): Promise<RecordView> {
    assertAllowed(actor, model, "create");
    assertSeesFields(model, given, actor);
    const { values, errors } = validateValues(model, given, "create");
    if (errors.length > 0) throw invalid(errors);
    const id = await insert(model, await complete(model, values, actor), actor, 0, reserved);
    const row = await store.findById(model, id);
    if (!row) throw new Error("a record is there after it was inserted");
    return reader.view(model, row, actor);
  }

  /** The values with the defaults of those that are missing, and with a reference. */
  async function complete(model: Model, values: RecordValues, actor: Actor): Promise<RecordValues> {
    const completed: RecordValues = {};
    for (const [name, field] of Object.entries(model.fields)) {
      const fallback = typeof field.default === "function" ? field.default(actor) : (field.default ?? null);
      completed[name] = values[name] === undefined ? (fallback ?? (isColumn(field) ? null : [])) : values[name];
    }
    if (model.referenceField === "reference")
      completed["reference"] = await chooseReference(model, values["reference"] ?? null, completed);
    return completed;
  }

  /** @returns the id; the actor's right is asked of the record as it is then, lists included */
  async function insert(
    model: Model,
    values: RecordValues,
    actor: Actor,
    depth: number,
    reserved?: number,
  ): Promise<number> {
    await check(model, null, values, actor);
    const { row, linked } = assertEncoded(await encodeValues(model, values, actor, context));
    const now = clock.now();
    const id = await write(model, () =>
      store.insert(model, {
        ...(reserved !== undefined && { id: reserved }),
        ...row,
        create_date: now,
        write_date: now,
        create_uid: actor.userId || null,
      }),
    );
    await writeLists(model, id, textOf(values[model.referenceField] ?? id), values, linked, actor, depth);
    await reader.assertMatches(model, id, "create", actor);
    return id;
  }

  async function update(model: Model, reference: string, given: RecordValues, actor: Actor): Promise<RecordView> {
    const before = await reader.getRow(model, reference, actor, "update");
    assertSeesFields(model, given, actor);
    const { values, errors } = validateValues(model, given, "update");
    if (errors.length > 0) throw invalid(errors);
    const beforeView = await reader.view(model, before, SYSTEM);
    if ("reference" in values && model.referenceField === "reference") {
      const wanted = values["reference"] ?? null;
      values["reference"] =
        wanted === reference ? reference : await chooseReference(model, wanted, { ...beforeView, ...values });
    }
    await change(model, before.id, beforeView, values, actor);
    const row = await store.findById(model, before.id);
    if (!row) throw new Error("a record is there after it was updated");
    return reader.view(model, row, actor);
  }

  async function change(
    model: Model,
    id: number,
    before: RecordValues,
    values: RecordValues,
    actor: Actor,
  ): Promise<void> {
    await check(model, before, { ...before, ...values }, actor);
    const { row, linked } = assertEncoded(await encodeValues(model, values, actor, context, before));
    await write(model, () => store.update(model, id, { ...row, write_date: clock.now() }));
    const reference = textOf(values[model.referenceField] ?? before["reference"]);
    await writeLists(model, id, reference, values, linked, actor, 0);
    // Rights hang on what a record belongs to: it is moved only to where the actor could have changed it.
    if (isMoved(model, before, values)) await reader.assertMatches(model, id, "update", actor);
    if (reference !== before["reference"]) await renameChildren(model, id);
  }

  async function writeLists(
    model: Model,
    id: number,
    reference: string,
    values: RecordValues,
    linked: EncodedValues["linked"],
    actor: Actor,
    depth: number,
  ): Promise<void> {
    for (const [name, ids] of linked) {
      const field = findField(model, name);
      if (field?.kind === "many2many") await write(model, () => store.replaceLinked(field.link, id, ids));
    }
    for (const [name, value] of Object.entries(values)) {
      const field = findField(model, name);
      if (field?.kind !== "one2many" || !Array.isArray(value)) continue;
      await replaceChildren(
        models.get(field.relation),
        field.inverse,
        { id, reference },
        name,
        value as readonly FieldValue[],
        actor,
        depth,
      );
    }
  }

  /** Makes these the only records that belong to the parent: new ones are made, absent ones deleted. */
  async function replaceChildren(
    model: Model,
    inverse: string,
    parent: { id: number; reference: string },
    path: string,
    items: readonly FieldValue[],
    actor: Actor,
    depth: number,
  ): Promise<void> {
    if (depth >= MAX_NESTING) throw invalid([{ path, message: "is nested too deep" }]);
    const ids = (await store.findChildren(model, inverse, [parent.id])).get(parent.id) ?? [];
    const left = new Map([...(await store.findReferences(model, ids))].map(([id, reference]) => [reference, id]));
    for (const [index, item] of items.entries()) {
      await at(`${path}.${index}`, async () => {
        const values = typeof item === "object" && item !== null ? (item as RecordValues) : { reference: item };
        const known = left.has(textOf(values["reference"])) ? textOf(values["reference"]) : null;
        if (known !== null) {
          left.delete(known);
          if (Object.keys(values).length > 1) await update(model, known, values, actor);
        } else if (typeof item === "object") {
          await createChild(model, { ...values, [inverse]: parent.reference }, actor, depth);
        } else
          throw invalid([
            {
              path: "",
              message: `there is no ${model.label.toLowerCase()} ${String(item)} here: give a mapping to make one`,
            },
          ]);
      });
    }
    for (const reference of left.keys()) await remove(model, reference, actor);
  }

  async function createChild(model: Model, given: RecordValues, actor: Actor, depth: number): Promise<void> {
    assertAllowed(actor, model, "create");
    assertSeesFields(model, given, actor);
    const { values, errors } = validateValues(model, given, "create");
    if (errors.length > 0) throw invalid(errors);
    await insert(model, await complete(model, values, actor), actor, depth + 1);
  }

  async function remove(model: Model, reference: string, actor: Actor): Promise<void> {
    const row = await reader.getRow(model, reference, actor, "delete");
    await check(model, await reader.view(model, row, SYSTEM), null, actor);
    const users = await findUsers(model, row.id);
    if (users.length > 0) {
      throw new HooktowerError("conflict", `${model.label} ${reference} is used by ${users.join(", ")}`);
    }
    await write(model, () => store.remove(model, row.id));
    onDelete(model, row.id);
  }

  /** A reference that is given is kept or refused; one that is made gets a number when it is taken. */
  async function chooseReference(model: Model, given: FieldValue, values: RecordValues): Promise<string> {
    const isTaken = async (reference: string) => (await store.findByReference(model, reference)) !== null;
    if (given === null || given === "") return deriveReference(model, values, isTaken);
    const reference = makeReference(textOf(given), model);
    if (await isTaken(reference)) {
      throw conflict("reference", `${model.label} ${reference} exists already: choose another reference`);
    }
    return reference;
  }

  async function deriveReference(
    model: Model,
    values: RecordValues,
    isTaken: (reference: string) => Promise<boolean>,
  ): Promise<string> {
    const { derivedReference } = model;
    if (!derivedReference) return findFreeReference(makeReference(textOf(values["name"]), model), isTaken);
    const base = derivedReference.make(values);
    if (!derivedReference.numbered) return findFreeReference(base, isTaken);
    for (let number = 1; ; number += 1) if (!(await isTaken(`${base}_${number}`))) return `${base}_${number}`;
  }

  /** References that are made of a record's follow it. */
  async function renameChildren(parent: Model, id: number): Promise<void> {
    for (const child of models.all) {
      for (const name of child.derivedReference?.parents ?? []) {
        const field = findField(child, name);
        if (field?.kind !== "many2one" || field.relation !== parent.name) continue;
        const ids = (await store.findChildren(child, name, [id])).get(id) ?? [];
        for (const childId of ids) await renameChild(child, childId);
      }
    }
  }

  async function renameChild(model: Model, id: number): Promise<void> {
    const row = await store.findById(model, id);
    if (!row) return;
    const reference = await chooseReference(model, null, await reader.view(model, row, SYSTEM));
    await write(model, () => store.update(model, id, { reference }));
    await renameChildren(model, id);
  }

  async function check(
    model: Model,
    before: RecordValues | null,
    after: RecordValues | null,
    actor: Actor,
  ): Promise<void> {
    const find = async (other: Model, reference: string) => reader.find(other, reference, SYSTEM);
    const getModel = (name: string) => models.get(name);
    const { fromFile } = context;
    const errors = (await model.check?.({ before, after, actor, count, find, getModel, fromFile })) ?? [];
    if (errors.length > 0) throw invalid(errors);
  }

  async function count(model: Model, filters: RecordValues): Promise<number> {
    const where = [
      { condition: filterCondition(model, filters, context), options: compilerOptions(SYSTEM, true, context) },
    ];
    return store.count(model, { where });
  }

  /** Records that point at this one and would be left hanging, e.g. `webhook github_push`. */
  async function findUsers(target: Model, id: number): Promise<string[]> {
    const users: string[] = [];
    const options = compilerOptions(SYSTEM, true, context);
    for (const { model, name, field } of models.relations()) {
      if (field.relation !== target.name || field.onDelete !== "restrict") continue;
      const rows = await store.list(model, { where: [{ condition: compare(name, "=", id), options }], limit: 5 });
      users.push(...rows.map((row) => `${model.label.toLowerCase()} ${String(row[model.referenceField])}`));
    }
    return users;
  }

  /** Runs a write; what the database's own constraints refuse becomes a conflict. */
  async function write<T>(model: Model, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (thrown) {
      const violation = isUniqueViolation(thrown);
      if (violation) {
        const rule = model.unique.find(({ fields }) => fields.every((field) => violation.columns.includes(field)));
        throw conflict(rule?.fields[0] ?? "reference", rule?.message ?? `${model.label} exists already`);
      }
      if (isForeignKeyViolation(thrown)) {
        throw new HooktowerError("conflict", `${model.label} is used elsewhere, or points at what is gone`, {
          cause: thrown,
        });
      }
      throw coerceError(thrown);
    }
  }

  return { create, update, delete: remove, copy: createCopier(context, reader, { create, count }) };
}

/** Whether the record points at another one than before. */
function isMoved(model: Model, before: RecordValues, values: RecordValues): boolean {
  return Object.entries(values).some(
    ([name, value]) => findField(model, name)?.kind === "many2one" && value !== (before[name] ?? null),
  );
}

function assertSeesFields(model: Model, values: RecordValues, actor: Actor): void {
  const hidden = Object.keys(values).filter((name) => {
    const field = findField(model, name);
    return field !== undefined && !seesField(actor, field);
  });
  if (hidden.length === 0) return;
  const errors = hidden.map((path) => ({ path, message: `takes group ${findField(model, path)?.group ?? "root"}` }));
  throw new HooktowerError("forbidden", `${actor.login} may not write ${hidden.join(", ")} of ${model.labelPlural}`, {
    errors,
  });
}

function assertEncoded(encoded: EncodedValues): { row: Row; linked: EncodedValues["linked"] } {
  if (encoded.errors.length > 0) throw invalid(encoded.errors);
  return encoded;
}

/** Errors of a nested record name the place where it stands. */
async function at<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (!(thrown instanceof HooktowerError) || thrown.errors.length === 0) throw thrown;
    const errors = thrown.errors.map((error) => ({
      ...error,
      path: error.path === "" ? path : `${path}.${error.path}`,
    }));
    const message = errors.map((error) => `${error.path}: ${error.message}`).join("; ");
    throw new HooktowerError(thrown.code, message, { errors, cause: thrown });
  }
}

function conflict(path: string, message: string): HooktowerError {
  return new HooktowerError("conflict", message, { errors: [{ path, message }] });
}
