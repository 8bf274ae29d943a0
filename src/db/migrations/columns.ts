import {
  sql,
  type ColumnDataType,
  type ColumnDefinitionBuilder,
  type CreateTableBuilder,
  type RawBuilder,
} from "kysely";
import type { Database } from "../database.ts";

export type Dialect = Database["dialect"];

type ColumnType = ColumnDataType | RawBuilder<unknown>;

/** The few things that the two databases call by different names; migrations know no other difference. */
export interface ColumnTypes {
  /** Whole numbers up to 2^53: times in milliseconds, counters. */
  readonly bigInteger: ColumnType;
  readonly real: ColumnType;
  readonly bytes: ColumnType;
  /** Text that sorts by its bytes, whatever the database's language. */
  readonly sortedText: ColumnType;
  /** Makes an integer column a key that counts up and never gives a number twice. */
  readonly counting: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
  /** Last words of a table. */
  readonly finish: <B extends CreateTableBuilder<string, string>>(table: B) => B;
}

const COLUMN_TYPES: Record<Dialect, ColumnTypes> = {
  sqlite: {
    bigInteger: "integer",
    real: "real",
    bytes: "blob",
    sortedText: "text",
    counting: (column) => column.primaryKey().autoIncrement(),
    // Strict: a text in an integer column is refused, as PostgreSQL does.
    finish: (table) => table.modifyEnd(sql`strict`) as typeof table,
  },
  postgres: {
    bigInteger: "bigint",
    real: "double precision",
    bytes: "bytea",
    sortedText: sql`text collate "C"`,
    counting: (column) => column.generatedByDefaultAsIdentity().primaryKey(),
    finish: (table) => table,
  },
};

export function getColumnTypes(dialect: Dialect): ColumnTypes {
  return COLUMN_TYPES[dialect];
}

/** `check ("method" in ('post', 'get'))`; a null passes. */
export function oneOf(column: string, values: ReadonlyArray<string | number>): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} in (${sql.join(values.map((value) => sql.lit(value)))})`;
}
