import { sql, type Kysely, type RawBuilder } from "kysely";
import type { ColumnValue, Database } from "../db/database.ts";
import type { Tables } from "../db/schema.ts";
import type { Condition } from "./condition.ts";
import { compileCondition, MAX_VALUES, type CompilerOptions } from "./condition.store.ts";
import type { LinkTable } from "./field.ts";
import type { Model } from "./model.ts";

/** A row as stored: relations are ids, flags 0 or 1, secrets encrypted. */
export type Row = Record<string, ColumnValue>;
export type StoredRow = Row & { readonly id: number };

/** The same connection without the static tables: a model decides at run time which one. */
type AnyTables = Record<string, Row>;

export interface RowQuery {
  /** All of them must hold. */
  readonly where: ReadonlyArray<{ readonly condition: Condition; readonly options: CompilerOptions }>;
  readonly search?: { readonly text: string; readonly columns: readonly string[] };
  /** By id unless given. */
  readonly order?: ReadonlyArray<{ readonly column: string; readonly descending: boolean }>;
  readonly offset?: number;
  readonly limit?: number;
}

/** PostgreSQL refuses to compare an id with a larger number. */
const MAX_ID = 2 ** 31 - 1;

/** Queries of one connection or transaction over the tables of all models. */
export function createRecordStore(db: Kysely<Tables>) {
  const any = db as unknown as Kysely<AnyTables>;

  async function list(model: Model, query: RowQuery): Promise<StoredRow[]> {
    let select = any.selectFrom(model.table).selectAll().where(filter(model, query));
    for (const { column, descending } of query.order ?? [])
      select = select.orderBy(column, descending ? "desc" : "asc");
    if (!query.order?.some(({ column }) => column === "id")) select = select.orderBy("id");
    if (query.limit !== undefined) select = select.limit(query.limit);
    // SQLite knows an offset only together with a limit.
    else if (query.offset) select = select.limit(Number.MAX_SAFE_INTEGER);
    if (query.offset) select = select.offset(query.offset);
    return (await select.execute()) as StoredRow[];
  }

  async function count(model: Model, query: Pick<RowQuery, "where" | "search">): Promise<number> {
    const select = any
      .selectFrom(model.table)
      .select(sql<number>`count(*)`.as("count"))
      .where(filter(model, query));
    return (await select.executeTakeFirstOrThrow()).count;
  }

  async function findByReference(model: Model, reference: string): Promise<StoredRow | null> {
    if (model.referenceField === "id") return /^\d{1,15}$/.test(reference) ? findById(model, Number(reference)) : null;
    const row = await any
      .selectFrom(model.table)
      .selectAll()
      .where(model.referenceField, "=", reference)
      .executeTakeFirst();
    return (row as StoredRow | undefined) ?? null;
  }

  async function findById(model: Model, id: number): Promise<StoredRow | null> {
    if (id > MAX_ID) return null;
    const row = await any.selectFrom(model.table).selectAll().where("id", "=", id).executeTakeFirst();
    return (row as StoredRow | undefined) ?? null;
  }

  /** Ids → references; ids that are gone are absent. */
  async function findReferences(model: Model, given: readonly number[]): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    const ids = given.filter((id) => Number.isInteger(id) && Math.abs(id) <= MAX_ID);
    for (let start = 0; start < ids.length; start += MAX_VALUES) {
      const rows = await any
        .selectFrom(model.table)
        .select(["id", sql<string>`${sql.ref(model.referenceField)}`.as("found")])
        .where("id", "in", ids.slice(start, start + MAX_VALUES))
        .execute();
      for (const row of rows) found.set(Number(row["id"]), row.found);
    }
    return found;
  }

  /** Owner's id → ids of the records of `model` that point at it by `inverse`, in the model's order. */
  async function findChildren(
    model: Model,
    inverse: string,
    owners: readonly number[],
  ): Promise<Map<number, number[]>> {
    if (owners.length === 0) return new Map();
    let select = any
      .selectFrom(model.table)
      .select(["id", sql<number>`${sql.ref(inverse)}`.as("owner")])
      .where(inverse, "in", [...owners]);
    for (const { column, descending } of model.order) select = select.orderBy(column, descending ? "desc" : "asc");
    const rows = await select.orderBy("id").execute();
    return group(rows.map((row) => [row.owner, Number(row["id"])]));
  }

  /** Owner's id → ids at the other end of its pairs. */
  async function findLinked(link: LinkTable, owners: readonly number[]): Promise<Map<number, number[]>> {
    if (owners.length === 0) return new Map();
    const rows = await any
      .selectFrom(link.table)
      .select([sql<number>`${sql.ref(link.own)}`.as("owner"), sql<number>`${sql.ref(link.other)}`.as("other")])
      .where(link.own, "in", [...owners])
      .orderBy(link.other)
      .execute();
    return group(rows.map((row) => [row.owner, row.other]));
  }

  /** Makes these the only pairs of the record. */
  async function replaceLinked(link: LinkTable, owner: number, others: readonly number[]): Promise<void> {
    await any.deleteFrom(link.table).where(link.own, "=", owner).execute();
    if (others.length === 0) return;
    const rows = [...new Set(others)].map((other) => ({ [link.own]: owner, [link.other]: other }));
    await any.insertInto(link.table).values(rows).execute();
  }

  /** @returns the new row's id */
  async function insert(model: Model, row: Row): Promise<number> {
    const inserted = await any.insertInto(model.table).values(row).returning("id").executeTakeFirstOrThrow();
    return Number(inserted["id"]);
  }

  /** Ids that the table will not give to any other row: they count as given, whatever becomes of them. */
  async function reserveIds(model: Model, howMany: number, dialect: Database["dialect"]): Promise<number[]> {
    if (dialect === "postgres") {
      const next = sql`nextval(pg_get_serial_sequence(${model.table}, 'id'))`;
      const { rows } = await sql<{ id: number }>`select ${next} as id from generate_series(1, ${howMany}::int)`.execute(
        db,
      );
      return rows.map(({ id }) => id);
    }
    const bump = sql<{
      seq: number;
    }>`update sqlite_sequence set seq = seq + ${howMany} where name = ${model.table} returning seq`;
    let [bumped] = (await bump.execute(db)).rows;
    if (!bumped) {
      // No row was ever inserted.
      await sql`insert into sqlite_sequence (name, seq) values (${model.table}, 0)`.execute(db);
      [bumped] = (await bump.execute(db)).rows;
    }
    if (!bumped) throw new Error(`the ids of ${model.table} are not counted`);
    const first = bumped.seq - howMany + 1;
    return Array.from({ length: howMany }, (_, index) => first + index);
  }

  async function update(model: Model, id: number, row: Row): Promise<void> {
    await any.updateTable(model.table).set(row).where("id", "=", id).execute();
  }

  async function remove(model: Model, id: number): Promise<void> {
    await any.deleteFrom(model.table).where("id", "=", id).execute();
  }

  return {
    list,
    count,
    findByReference,
    findById,
    findReferences,
    findChildren,
    findLinked,
    replaceLinked,
    insert,
    reserveIds,
    update,
    remove,
  };
}

export type RecordStore = ReturnType<typeof createRecordStore>;

function filter(model: Model, { where, search }: Pick<RowQuery, "where" | "search">): RawBuilder<boolean> {
  const parts = where.map(({ condition, options }) => compileCondition(condition, model, model.table, options));
  if (search) parts.push(contains(search.text, search.columns));
  return parts.length === 0 ? sql<boolean>`1 = 1` : sql<boolean>`${sql.join(parts, sql` and `)}`;
}

function contains(text: string, columns: readonly string[]): RawBuilder<boolean> {
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  const parts = columns.map((column) => sql<boolean>`lower(${sql.ref(column)}) like lower(${pattern}) escape '\\'`);
  return sql<boolean>`(${sql.join(parts, sql` or `)})`;
}

function group(pairs: ReadonlyArray<readonly [number, number]>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [owner, other] of pairs) groups.set(owner, [...(groups.get(owner) ?? []), other]);
  return groups;
}
