import type { Kysely, Transaction } from "kysely";
import type { Database } from "../db/database.ts";
import type { Tables } from "../db/schema.ts";
import { makeWritesAgain, noteWrites, type WriteStatement } from "../db/statements.ts";
import type { Clock } from "../lib/clock.ts";
import { invalid, type FieldError } from "../lib/errors.ts";
import { assertAllowed, type Actor } from "./access.ts";
import { createOperationsById, type OperationsById } from "./by-id.ts";
import { hashPasswords } from "./codec.ts";
import { compare } from "./condition.ts";
import type { RecordContext } from "./context.ts";
import type { Model, ModelRegistry, RecordValues } from "./model.ts";
import { createReader } from "./reader.ts";
import type { BeforeDelete, RecordOperations, Records, TakenBack } from "./records.ts";
import { createRecordStore } from "./records.store.ts";
import type { SecretCipher } from "./secret-cipher.ts";
import { validateValues } from "./validation.ts";
import { createWriter } from "./writer.ts";

export interface RecordsDependencies {
  readonly db: Database;
  readonly models: ModelRegistry;
  readonly cipher: SecretCipher;
  readonly clock: Clock;
  readonly hashPassword: (password: string) => Promise<string>;
  /** Compiles source as the given kind of program; null when it is fine. */
  readonly checkCode: (program: string, source: string) => Promise<string | null>;
}

type WorkById<T> = (operations: OperationsById, trx: Transaction<Tables>) => Promise<T>;

/** Records of every model, under the rules of their definitions. */
export function createRecords(dependencies: RecordsDependencies): Records {
  const { db } = dependencies;
  const deleteHooks = new Map<string, BeforeDelete>();
  const deleteListeners = new Set<(model: Model, id: number) => void>();
  const { operations: reading, byId } = createOperationsOn(db.main, dependencies, () => undefined);

  async function change<T>(
    work: (operations: RecordOperations, trx: Transaction<Tables>) => Promise<T>,
    { fromFile = false }: { readonly fromFile?: boolean } = {},
  ): Promise<T> {
    const deleted: Array<[Model, number]> = [];
    const result = await db.changeConfiguration((trx) =>
      work(createOperationsOn(trx, dependencies, (model, id) => deleted.push([model, id]), fromFile).operations, trx),
    );
    for (const [model, id] of deleted) for (const listener of deleteListeners) listener(model, id);
    return result;
  }

  /** Undone by an error that nobody else throws. */
  async function inVain<T>(earlier: readonly WriteStatement[], work: WorkById<T>): Promise<TakenBack<T>> {
    const taken = new Error("taken back");
    let answer: TakenBack<T> | undefined;
    try {
      await db.main.transaction().execute(async (connection) => {
        await makeWritesAgain(connection, earlier);
        const { trx, writes } = noteWrites(connection);
        answer = { value: await work(createOperationsOn(trx, dependencies, () => undefined).byId, trx), writes };
        throw taken;
      });
    } catch (thrown) {
      if (thrown !== taken) throw thrown;
    }
    if (!answer) throw new Error("a transaction that is taken back has an answer");
    return answer;
  }

  async function keepById<T>(work: WorkById<T>, changed: readonly Model[]): Promise<T> {
    const deleted: Array<[Model, number]> = [];
    const run = (trx: Transaction<Tables>) =>
      work(createOperationsOn(trx, dependencies, (model, id) => deleted.push([model, id])).byId, trx);
    // Others hear of a change only when it is of what they keep in memory: a status that code writes is not.
    const result = changed.some((model) => model.configuration)
      ? await db.changeConfiguration(run)
      : await db.main.transaction().execute(run);
    for (const [model, id] of deleted) for (const listener of deleteListeners) listener(model, id);
    return result;
  }

  async function prepareDelete(model: Model, id: number, actor: Actor): Promise<boolean> {
    const hook = deleteHooks.get(model.name);
    if (!hook || !(await byId.allows(model, id, "delete", actor))) return true;
    return hook(id, actor);
  }

  /** Compilers are asked before the transaction opens: nothing waits for them inside. */
  async function checkCode(
    model: Model,
    values: RecordValues,
    stored: RecordValues = {},
  ): Promise<readonly FieldError[]> {
    const errors: FieldError[] = [];
    for (const [path, field] of Object.entries(model.fields)) {
      const source = values[path];
      const choice = field.kind === "code" || field.kind === "text" ? field.program : undefined;
      if (choice === undefined || typeof source !== "string" || source === "") continue;
      const program = typeof choice === "string" ? choice : choice({ ...stored, ...values });
      const message = await dependencies.checkCode(program, source);
      if (message !== null) errors.push({ path, message });
    }
    return errors;
  }

  /** What a change leaves as it is, where that decides how changed code is checked. */
  async function readDeciding(
    model: Model,
    reference: string,
    values: RecordValues,
    actor: Actor,
  ): Promise<RecordValues> {
    const asks = Object.entries(model.fields).some(
      ([name, field]) => name in values && field.kind === "code" && typeof field.program === "function",
    );
    return (asks && (await reading.find(model, reference, actor))) || {};
  }

  /** What takes long (compiling, hashing), done before the transaction opens. */
  async function prepare(
    model: Model,
    values: RecordValues,
    mode: "create" | "update",
    stored: RecordValues = {},
  ): Promise<RecordValues> {
    const validated = validateValues(model, values, mode);
    const errors = [...validated.errors, ...(await checkCode(model, validated.values, stored))];
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
      const stored = await readDeciding(model, reference, values, actor);
      const prepared = await prepare(model, values, "update", stored);
      return change((operations) => operations.update(model, reference, prepared, actor));
    },
    async delete(model, reference, actor) {
      const [id] = deleteHooks.has(model.name)
        ? await byId.search(model, compare("reference", "=", reference), { limit: 1 }, actor)
        : [];
      if (id !== undefined && !(await prepareDelete(model, id, actor))) return false;
      await change((operations) => operations.delete(model, reference, actor));
      return true;
    },
    beforeDelete: (model, hook) => void deleteHooks.set(model.name, hook),
    prepareDelete,
    async copy(model, reference, overrides, actor) {
      assertAllowed(actor, model, "create");
      const prepared = await prepare(model, overrides, "update");
      return change((operations) => operations.copy(model, reference, prepared, actor));
    },
    checkCode: (model, values) => checkCode(model, values),
    prepare: (model, values, mode) => prepare(model, values, mode),
    transaction: change,
    byId,
    transactionById: async (work, { keep, models: changed }) =>
      keep ? keepById(work, changed) : (await inVain([], work)).value,
    inVain,
    reserveIds: (model, count) => createRecordStore(db.main).reserveIds(model, count, db.dialect),
    onDelete: (listener) => void deleteListeners.add(listener),
  };
}

/** The operations over one connection or transaction. */
function createOperationsOn(
  connection: Kysely<Tables>,
  { models, cipher, clock, db }: RecordsDependencies,
  onDelete: (model: Model, id: number) => void,
  fromFile = false,
): { readonly operations: RecordOperations; readonly byId: OperationsById } {
  const context: RecordContext = {
    store: createRecordStore(connection),
    models,
    cipher,
    clock,
    dialect: db.dialect,
    fromFile,
  };
  const reader = createReader(context);
  const { list, find, get } = reader;
  const operations = { list, find, get, ...createWriter(context, reader, onDelete) };
  return { operations, byId: createOperationsById(context, operations) };
}
