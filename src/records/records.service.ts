import type { Kysely, Transaction } from "kysely";
import type { Database } from "../db/database.ts";
import { isForeignKeyViolation, isUniqueViolation } from "../db/errors.ts";
import type { Tables } from "../db/schema.ts";
import type { Clock } from "../lib/clock.ts";
import { coerceError, HooktowerError, invalid, type FieldError } from "../lib/errors.ts";
import { assertAllowed, type Actor } from "./access.ts";
import { decodeRows, encodeValues, hashPasswords, type CodecTools } from "./codec.ts";
import { findField, type Model, type ModelRegistry, type RecordValues } from "./model.ts";
import type { ListQuery, RecordOperations, RecordPage, Records, RecordView } from "./records.ts";
import { createRecordStore, type Row, type StoredRow } from "./records.store.ts";
import { findFreeReference, makeCopyName, makeReference } from "./reference.ts";
import { validateValues } from "./validation.ts";

export interface RecordsDependencies extends CodecTools {
  readonly db: Database;
  readonly models: ModelRegistry;
  readonly clock: Clock;
  readonly hashPassword: (password: string) => Promise<string>;
  /** Compiles source as the given kind of program; null when it is fine. */
  readonly checkCode: (program: string, source: string) => Promise<string | null>;
}

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 500;
const MAX_COPY_ATTEMPTS = 100;

/** Records of every model, under the rules of their definitions. */
export function createRecords(dependencies: RecordsDependencies): Records {
  const { db } = dependencies;
  const deleteListeners = new Set<(model: Model, id: number) => void>();
  const reading = createOperations(db.main, dependencies, () => undefined);

  async function change<T>(work: (operations: RecordOperations, trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    const deleted: Array<[Model, number]> = [];
    const result = await db.changeConfiguration((trx) =>
      work(
        createOperations(trx, dependencies, (model, id) => deleted.push([model, id])),
        trx,
      ),
    );
    for (const [model, id] of deleted) for (const listener of deleteListeners) listener(model, id);
    return result;
  }

  /** Compilers are asked before the transaction opens: nothing waits for them inside. */
  async function checkCode(model: Model, values: RecordValues): Promise<readonly FieldError[]> {
    const errors: FieldError[] = [];
    for (const [path, field] of Object.entries(model.fields)) {
      const source = values[path];
      if (field.kind !== "code" || typeof source !== "string" || source === "") continue;
      const message = await dependencies.checkCode(field.program, source);
      if (message !== null) errors.push({ path, message });
    }
    return errors;
  }

  /** What takes long (compiling, hashing), done before the transaction opens. */
  async function prepare(model: Model, values: RecordValues, mode: "create" | "update"): Promise<RecordValues> {
    const validated = validateValues(model, values, mode);
    const errors = [...validated.errors, ...(await checkCode(model, validated.values))];
    if (errors.length > 0) throw invalid(errors);
    return hashPasswords(model, values, dependencies.hashPassword);
  }

  return {
    list: reading.list,
    get: reading.get,
    find: reading.find,
    async create(model, values, actor) {
      assertAllowed(actor, model, "create");
      const prepared = await prepare(model, values, "create");
      return change((operations) => operations.create(model, prepared, actor));
    },
    async update(model, reference, values, actor) {
      assertAllowed(actor, model, "update");
      const prepared = await prepare(model, values, "update");
      return change((operations) => operations.update(model, reference, prepared, actor));
    },
    delete: (model, reference, actor) => change((operations) => operations.delete(model, reference, actor)),
    async copy(model, reference, overrides, actor) {
      assertAllowed(actor, model, "create");
      const prepared = await prepare(model, overrides, "update");
      return change((operations) => operations.copy(model, reference, prepared, actor));
    },
    checkCode,
    transaction: change,
    onDelete: (listener) => void deleteListeners.add(listener),
  };
}

/** The operations over one connection or transaction. */
function createOperations(
  connection: Kysely<Tables>,
  dependencies: RecordsDependencies,
  onDelete: (model: Model, id: number) => void,
): RecordOperations {
  const { models, clock } = dependencies;
  const store = createRecordStore(connection);

  async function view(model: Model, row: StoredRow): Promise<RecordView> {
    const [record] = await decodeRows(model, [row], store, models);
    if (!record) throw new Error("a row decodes to a record");
    return record;
  }

  async function getRow(model: Model, reference: string): Promise<StoredRow> {
    const row = await store.findByReference(model, reference);
    if (!row) throw new HooktowerError("not_found", `There is no ${model.label.toLowerCase()} ${reference}`);
    return row;
  }

  async function list(model: Model, query: ListQuery, actor: Actor): Promise<RecordPage> {
    assertAllowed(actor, model, "read");
    const limit = Math.min(Math.max(query.limit ?? DEFAULT_PAGE_SIZE, 1), MAX_PAGE_SIZE);
    const filters = await encodeFilters(query.filters ?? {}, model);
    if (filters === null) return { items: [], nextCursor: null };
    const columns = Object.entries(model.fields).flatMap(([name, field]) => (field.search ? [name] : []));
    if (model.referenceField === "reference") columns.push("reference");
    const rows = await store.list(model, {
      filters,
      limit: limit + 1,
      ...(query.search && { search: { text: query.search, columns } }),
      ...(query.cursor !== undefined && { afterId: parseCursor(query.cursor) }),
    });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: await decodeRows(model, page, store, models),
      nextCursor: rows.length > limit && last ? String(last.id) : null,
    };
  }

  /** @returns null when a relation points nowhere: nothing can fit */
  async function encodeFilters(filters: RecordValues, model: Model): Promise<Row | null> {
    const unknown = Object.keys(filters).filter((name) => !isFilterable(model, name));
    if (unknown.length > 0) {
      throw invalid(unknown.map((path) => ({ path, message: `${model.labelPlural} cannot be filtered by ${path}` })));
    }
    const { row, errors } = await encodeValues(model, filters, store, dependencies);
    return errors.length > 0 ? null : row;
  }

  async function find(model: Model, reference: string, actor: Actor): Promise<RecordView | null> {
    assertAllowed(actor, model, "read");
    const row = await store.findByReference(model, reference);
    return row ? view(model, row) : null;
  }

  async function get(model: Model, reference: string, actor: Actor): Promise<RecordView> {
    assertAllowed(actor, model, "read");
    return view(model, await getRow(model, reference));
  }

  async function create(model: Model, given: RecordValues, actor: Actor): Promise<RecordView> {
    assertAllowed(actor, model, "create");
    const { values, errors } = validateValues(model, given, "create");
    if (errors.length > 0) throw invalid(errors);
    const complete: RecordValues = {};
    for (const [name, field] of Object.entries(model.fields)) {
      const fallback = typeof field.default === "function" ? field.default(actor) : (field.default ?? null);
      complete[name] = values[name] === undefined ? fallback : values[name];
    }
    if (model.referenceField === "reference") {
      complete["reference"] = await chooseReference(model, values["reference"] ?? null, String(complete["name"] ?? ""));
    }
    await check(model, null, complete, actor);
    const row = await encode(model, complete);
    const now = clock.now();
    await write(model, () =>
      store.insert(model, { ...row, create_date: now, write_date: now, create_uid: actor.userId || null }),
    );
    return view(model, await getRow(model, String(complete[model.referenceField])));
  }

  async function update(model: Model, reference: string, given: RecordValues, actor: Actor): Promise<RecordView> {
    assertAllowed(actor, model, "update");
    const before = await getRow(model, reference);
    const { values, errors } = validateValues(model, given, "update");
    if (errors.length > 0) throw invalid(errors);
    const beforeView = await view(model, before);
    if ("reference" in values && model.referenceField === "reference") {
      const name = String(values["name"] ?? beforeView["name"] ?? "");
      values["reference"] =
        values["reference"] === reference ? reference : await chooseReference(model, values["reference"] ?? null, name);
    }
    const after = { ...beforeView, ...values };
    await check(model, beforeView, after, actor);
    const row = await encode(model, values);
    await write(model, () => store.update(model, before.id, { ...row, write_date: clock.now() }));
    return view(model, await getRow(model, String(values[model.referenceField] ?? reference)));
  }

  async function remove(model: Model, reference: string, actor: Actor): Promise<void> {
    assertAllowed(actor, model, "delete");
    const row = await getRow(model, reference);
    await check(model, await view(model, row), null, actor);
    const users = await findUsers(model, row.id);
    if (users.length > 0) {
      throw new HooktowerError("conflict", `${model.label} ${reference} is used by ${users.join(", ")}`);
    }
    await write(model, () => store.remove(model, row.id));
    onDelete(model, row.id);
  }

  async function copy(model: Model, reference: string, overrides: RecordValues, actor: Actor): Promise<RecordView> {
    assertAllowed(actor, model, "create");
    const original = await view(model, await getRow(model, reference));
    for (let attempt = 1; attempt <= MAX_COPY_ATTEMPTS; attempt += 1) {
      const values = { ...makeCopyValues(model, original, attempt), ...overrides };
      if (await isFree(model, values, original, overrides)) return create(model, values, actor);
    }
    throw new HooktowerError("conflict", `${model.label} ${reference} has too many copies`);
  }

  /** Whether name and unique fields of a copy are not taken; what the caller chose is not second-guessed. */
  async function isFree(
    model: Model,
    values: RecordValues,
    original: RecordValues,
    overrides: RecordValues,
  ): Promise<boolean> {
    if (
      !("name" in overrides) &&
      "name" in original &&
      (await store.count(model, { name: String(values["name"]) })) > 0
    ) {
      return false;
    }
    for (const { fields } of model.unique) {
      if (fields.some((field) => field in overrides)) continue;
      const { row } = await encodeValues(model, pick(values, fields), store, dependencies);
      if ((await store.count(model, row)) > 0) return false;
    }
    return true;
  }

  /** A reference that is given is kept or refused; one that is made gets a number when it is taken. */
  async function chooseReference(model: Model, given: string | number | boolean | null, name: string): Promise<string> {
    const isTaken = async (reference: string) => (await store.findByReference(model, reference)) !== null;
    if (given === null || given === "") return findFreeReference(makeReference(name, model), isTaken);
    const reference = makeReference(String(given), model);
    if (await isTaken(reference)) {
      throw conflict("reference", `${model.label} ${reference} exists already: choose another reference`);
    }
    return reference;
  }

  async function check(
    model: Model,
    before: RecordValues | null,
    after: RecordValues | null,
    actor: Actor,
  ): Promise<void> {
    const count = async (other: Model, filters: RecordValues) =>
      store.count(other, (await encodeValues(other, filters, store, dependencies)).row);
    const errors = (await model.check?.({ before, after, actor, count })) ?? [];
    if (errors.length > 0) throw invalid(errors);
  }

  async function encode(model: Model, values: RecordValues): Promise<Row> {
    const { row, errors } = await encodeValues(model, values, store, dependencies);
    if (errors.length > 0) throw invalid(errors);
    return row;
  }

  /** Records that point at this one and would be left hanging, e.g. `webhook github_push`. */
  async function findUsers(target: Model, id: number): Promise<string[]> {
    const users: string[] = [];
    for (const { model, name, field } of models.relations()) {
      if (field.relation !== target.name) continue;
      const rows = await store.list(model, { filters: { [name]: id }, limit: 5 });
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

  return { list, find, get, create, update, delete: remove, copy };
}

function isFilterable(model: Model, name: string): boolean {
  const field = findField(model, name);
  if (!field) return name === "reference";
  return !["secret", "password", "longText", "code"].includes(field.kind);
}

function makeCopyValues(model: Model, original: RecordValues, attempt: number): RecordValues {
  const values: RecordValues = {};
  for (const [name, field] of Object.entries(model.fields)) {
    const value = original[name] ?? null;
    if (field.copy === false || value === null) continue;
    values[name] = typeof field.copy === "function" ? field.copy(value, attempt) : value;
  }
  if (typeof original["name"] === "string") values["name"] = makeCopyName(original["name"], attempt);
  return values;
}

function pick(values: RecordValues, names: readonly string[]): RecordValues {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
}

function parseCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw invalid([{ path: "cursor", message: "is not a cursor of this list" }]);
}

function conflict(path: string, message: string): HooktowerError {
  return new HooktowerError("conflict", message, { errors: [{ path, message }] });
}
