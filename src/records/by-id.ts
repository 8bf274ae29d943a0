import { HooktowerError } from "../lib/errors.ts";
import { assertAllowed, findRule, seesField, type Actor, type Operation } from "./access.ts";
import { readLists } from "./codec.ts";
import { compare, type Condition } from "./condition.ts";
import { SYSTEM, type RecordContext } from "./context.ts";
import { findField, type Model, type RecordValues } from "./model.ts";
import type { RecordOperations } from "./records.ts";
import type { RowQuery, StoredRow } from "./records.store.ts";
import { compilerOptions, matchesRule } from "./row-rules.ts";

export interface SearchOptions {
  readonly offset?: number;
  readonly limit?: number;
  readonly order?: RowQuery["order"];
}

/** Records as programs have them: by id, under the same rules as everywhere. */
export interface OperationsById {
  /** Ids of the records that fit, in the model's order unless another is given. */
  search(model: Model, condition: Condition, options: SearchOptions, actor: Actor): Promise<number[]>;
  count(model: Model, condition: Condition, actor: Actor): Promise<number>;
  /**
   * Rows with their lists of related ids, in the order of `ids`; without the fields that the actor does not see.
   *
   * @throws HooktowerError `not_found` when one is gone, `forbidden` when the actor may not read one
   */
  read(model: Model, ids: readonly number[], actor: Actor): Promise<RowWithLists[]>;
  /** Those of the ids that are there. */
  exists(model: Model, ids: readonly number[]): Promise<number[]>;
  findByReference(model: Model, reference: string, actor: Actor): Promise<number | null>;
  /** Whether the actor may do this with the record. */
  allows(model: Model, id: number, operation: Operation, actor: Actor): Promise<boolean>;
  /** @param id one that was reserved for it */
  create(model: Model, values: RecordValues, actor: Actor, id: number): Promise<void>;
  update(model: Model, id: number, values: RecordValues, actor: Actor): Promise<void>;
  delete(model: Model, id: number, actor: Actor): Promise<void>;
  /** Ids → references, whoever may read them: what a relation is written with. */
  findReferences(model: Model, ids: readonly number[]): Promise<Map<number, string>>;
}

export interface RowWithLists {
  readonly row: StoredRow;
  readonly lists: ReadonlyMap<string, readonly number[]>;
}

export function createOperationsById(context: RecordContext, operations: RecordOperations): OperationsById {
  const { store } = context;

  function where(model: Model, condition: Condition, actor: Actor): RowQuery["where"] {
    assertAllowed(actor, model, "read");
    return [
      { condition, options: compilerOptions(actor, false, context) },
      { condition: findRule(actor, model, "read"), options: compilerOptions(actor, true, context) },
    ];
  }

  async function read(model: Model, ids: readonly number[], actor: Actor): Promise<RowWithLists[]> {
    const everything = compilerOptions(actor, true, context);
    const rule = findRule(actor, model, "read");
    const rows = await store.list(model, {
      where: [
        { condition: compare("id", "in", ids), options: everything },
        { condition: rule, options: everything },
      ],
    });
    const byId = new Map(rows.map((row) => [row.id, row]));
    const missing = ids.filter((id) => !byId.has(id));
    if (missing.length > 0) {
      const hidden = await exists(model, missing);
      const [first] = hidden.length > 0 ? hidden : missing;
      if (hidden.length === 0) throw new HooktowerError("not_found", `${model.label} ${first} is not there any more`);
      throw new HooktowerError("forbidden", `${actor.login} may not read ${model.label.toLowerCase()} ${first}`);
    }
    const fields = Object.entries(model.fields).filter(([, field]) => seesField(actor, field));
    const lists = await readLists(fields, rows, actor, context);
    return ids.flatMap((id) => {
      const row = byId.get(id);
      if (!row) return [];
      const own = [...lists].map(([name, byOwner]): [string, number[]] => [name, byOwner.get(id) ?? []]);
      return [{ row, lists: new Map(own) }];
    });
  }

  async function exists(model: Model, ids: readonly number[]): Promise<number[]> {
    const options = compilerOptions(SYSTEM, true, context);
    const rows = await store.list(model, { where: [{ condition: compare("id", "in", ids), options }] });
    return rows.map(({ id }) => id);
  }

  async function referenceOf(model: Model, id: number): Promise<string> {
    const row = await store.findById(model, id);
    if (!row) throw new HooktowerError("not_found", `${model.label} ${id} is not there any more`);
    return String(row[model.referenceField]);
  }

  return {
    async search(model, condition, { offset, limit, order = model.order }, actor) {
      const rows = await store.list(model, {
        where: where(model, condition, actor),
        order,
        ...(offset !== undefined && { offset }),
        ...(limit !== undefined && { limit }),
      });
      return rows.map(({ id }) => id);
    },
    count: async (model, condition, actor) => store.count(model, { where: where(model, condition, actor) }),
    read,
    exists,
    async findByReference(model, reference, actor) {
      assertAllowed(actor, model, "read");
      const row = await store.findByReference(model, reference);
      if (!row || (findField(model, "active") && row["active"] === 0)) return null;
      const visible = await store.count(model, { where: where(model, compare("id", "=", row.id), actor) });
      return visible > 0 ? row.id : null;
    },
    allows: async (model, id, operation, actor) =>
      matchesRule(model, id, findRule(actor, model, operation), actor, context),
    async create(model, values, actor, id) {
      await operations.create(model, values, actor, id);
    },
    async update(model, id, values, actor) {
      await operations.update(model, await referenceOf(model, id), values, actor);
    },
    async delete(model, id, actor) {
      await operations.delete(model, await referenceOf(model, id), actor);
    },
    findReferences: async (model, ids) => store.findReferences(model, ids),
  };
}
