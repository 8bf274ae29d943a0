import { sql, type Kysely } from "kysely";
import type { ColumnValue } from "../db/database.ts";
import type { Tables } from "../db/schema.ts";
import type { Model } from "./model.ts";

/** A row as stored: relations are ids, flags 0 or 1, secrets encrypted. */
export type Row = Record<string, ColumnValue>;
export type StoredRow = Row & { readonly id: number };

/** The same connection without the static tables: a model decides at run time which one. */
type AnyTables = Record<string, Row>;

export interface RowQuery {
  readonly filters: Row;
  readonly search?: { readonly text: string; readonly columns: readonly string[] };
  /** Only rows with a greater id. */
  readonly afterId?: number;
  readonly limit: number;
}

/** Queries of one connection or transaction over the tables of all models. */
export function createRecordStore(db: Kysely<Tables>) {
  const any = db as unknown as Kysely<AnyTables>;

  /** Rows that fit, by id. */
  async function list(model: Model, query: RowQuery): Promise<StoredRow[]> {
    let select = any.selectFrom(model.table).selectAll().orderBy("id").limit(query.limit);
    for (const [column, value] of Object.entries(query.filters)) {
      select = value === null ? select.where(column, "is", null) : select.where(column, "=", value);
    }
    if (query.afterId !== undefined) select = select.where("id", ">", query.afterId);
    if (query.search) {
      const { text, columns } = query.search;
      const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
      select = select.where((where) =>
        where.or(columns.map((column) => sql<boolean>`lower(${sql.ref(column)}) like lower(${pattern}) escape '\\'`)),
      );
    }
    return (await select.execute()) as StoredRow[];
  }

  async function findByReference(model: Model, reference: string): Promise<StoredRow | null> {
    const row = await any
      .selectFrom(model.table)
      .selectAll()
      .where(model.referenceField, "=", reference)
      .executeTakeFirst();
    return (row as StoredRow | undefined) ?? null;
  }

  async function count(model: Model, filters: Row): Promise<number> {
    let select = any.selectFrom(model.table).select(sql<number>`count(*)`.as("count"));
    for (const [column, value] of Object.entries(filters)) {
      select = value === null ? select.where(column, "is", null) : select.where(column, "=", value);
    }
    return (await select.executeTakeFirstOrThrow()).count;
  }

  /** Ids → references; ids that are gone are absent. */
  async function findReferences(model: Model, ids: readonly number[]): Promise<Map<number, string>> {
    if (ids.length === 0) return new Map();
    const rows = await any
      .selectFrom(model.table)
      .select(["id", sql<string>`${sql.ref(model.referenceField)}`.as("found")])
      .where("id", "in", [...ids])
      .execute();
    return new Map(rows.map((row) => [Number(row["id"]), row.found]));
  }

  /** @returns the new row's id */
  async function insert(model: Model, row: Row): Promise<number> {
    const inserted = await any.insertInto(model.table).values(row).returning("id").executeTakeFirstOrThrow();
    return Number(inserted["id"]);
  }

  async function update(model: Model, id: number, row: Row): Promise<void> {
    await any.updateTable(model.table).set(row).where("id", "=", id).execute();
  }

  async function remove(model: Model, id: number): Promise<void> {
    await any.deleteFrom(model.table).where("id", "=", id).execute();
  }

  return { list, findByReference, count, findReferences, insert, update, remove };
}

export type RecordStore = ReturnType<typeof createRecordStore>;
