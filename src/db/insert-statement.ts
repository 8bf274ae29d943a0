import type { ColumnValue } from "./database.ts";

/** Quoted, and checked: a name never comes from outside, and a wrong one should say so clearly. */
function quote(name: string): string {
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new Error(`${JSON.stringify(name)} is not the name of a table or column`);
  return `"${name}"`;
}

/** `insert into "t" ("a", "b") values `, to be followed by the values. */
export function makeInsertHead(table: string, columns: readonly string[]): string {
  return `insert into ${quote(table)} (${columns.map(quote).join(", ")}) values `;
}

/** @throws Error when a row has not one value for each column: SQLite would store null, or PostgreSQL shift them */
export function checkRows(columns: readonly string[], rows: ReadonlyArray<readonly ColumnValue[]>): void {
  const wrong = rows.find((row) => row.length !== columns.length);
  if (wrong) throw new Error(`A row has ${wrong.length} values for ${columns.length} columns`);
}

/** Remembers what `make` gave for a table and its columns; a program has a handful of them. */
export function rememberByColumns(
  make: (table: string, columns: readonly string[]) => string,
): (table: string, columns: readonly string[]) => string {
  const known = new Map<string, string>();
  return (table, columns) => {
    const key = `${table}(${columns.join()})`;
    let made = known.get(key);
    if (made === undefined) known.set(key, (made = make(table, columns)));
    return made;
  };
}
