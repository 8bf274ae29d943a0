import type { ColumnValue } from "../db/database.ts";
import { formatTime } from "../lib/clock.ts";
import type { FieldError } from "../lib/errors.ts";
import { isReadable, type Field, type FieldValue } from "./field.ts";
import { findField, type Model, type ModelRegistry, type RecordValues } from "./model.ts";
import type { Row, RecordStore, StoredRow } from "./records.store.ts";
import type { SecretCipher } from "./secret-cipher.ts";

/** What turning values into rows needs beside the values. */
export interface CodecTools {
  readonly models: ModelRegistry;
  readonly cipher: SecretCipher;
}

/** Passwords as `hashPasswords` leaves them; no password can look like it, since those are hashed too. */
const PASSWORD_HASH_PREFIX = "scrypt$";

function isPasswordHash(text: string): boolean {
  return text.startsWith(PASSWORD_HASH_PREFIX);
}

/** The values with every password hashed. */
export async function hashPasswords(
  model: Model,
  values: RecordValues,
  hash: (password: string) => Promise<string>,
): Promise<RecordValues> {
  const hashed = { ...values };
  for (const [name, field] of Object.entries(model.fields)) {
    const value = values[name];
    if (field.kind === "password" && typeof value === "string" && value !== "") hashed[name] = await hash(value);
  }
  return hashed;
}

/** Where a secret of a model lives, for the cipher. */
export function secretContext(model: Model, field: string): string {
  return `${model.table}.${field}`;
}

/** Values of fields → columns. Relations that point nowhere are errors. */
export async function encodeValues(
  model: Model,
  values: RecordValues,
  store: RecordStore,
  tools: CodecTools,
): Promise<{ row: Row; errors: FieldError[] }> {
  const row: Row = {};
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(values)) {
    const field = findField(model, name);
    if (field?.kind === "many2one" && value !== null) {
      const target = tools.models.get(field.relation);
      const found = await store.findByReference(target, String(value));
      if (found) row[name] = found.id;
      else errors.push({ path: name, message: `there is no ${target.label.toLowerCase()} ${String(value)}` });
    } else if (field?.kind === "secret" && value !== null) {
      row[name] = tools.cipher.encrypt(String(value), secretContext(model, name));
    } else if (field?.kind === "password" && value !== null) {
      // Hashing takes 0.2 s: it is done before a transaction opens, never inside.
      if (!isPasswordHash(String(value))) throw new Error("a password must be hashed before it is stored");
      row[name] = String(value);
    } else {
      row[name] = typeof value === "boolean" ? Number(value) : value;
    }
  }
  return { row, errors };
}

/** Rows → records as they are read. One query per relation, however many rows. */
export async function decodeRows(
  model: Model,
  rows: readonly StoredRow[],
  store: RecordStore,
  models: ModelRegistry,
): Promise<RecordValues[]> {
  const relations = new Map<string, Map<number, string>>();
  for (const [name, field] of Object.entries(model.fields)) {
    if (field.kind !== "many2one") continue;
    const ids = new Set(rows.map((row) => row[name]).filter((id) => typeof id === "number"));
    relations.set(name, await store.findReferences(models.get(field.relation), [...ids]));
  }
  return rows.map((row) => decodeRow(model, row, relations));
}

function decodeRow(
  model: Model,
  row: StoredRow,
  relations: ReadonlyMap<string, ReadonlyMap<number, string>>,
): RecordValues {
  const record: RecordValues = { reference: String(row[model.referenceField]) };
  for (const [name, field] of Object.entries(model.fields)) {
    if (isReadable(field)) record[name] = decodeValue(field, row[name] ?? null, relations.get(name));
    // A form has to know whether there is a value to replace; the value itself never leaves.
    else record[`has_${name}`] = row[name] !== null && row[name] !== undefined;
  }
  record["create_date"] = formatTime(Number(row["create_date"]));
  record["write_date"] = formatTime(Number(row["write_date"]));
  return record;
}

function decodeValue(field: Field, stored: ColumnValue, references?: ReadonlyMap<number, string>): FieldValue {
  if (stored === null || stored instanceof Uint8Array) return null;
  if (field.kind === "flag") return stored === 1;
  if (field.kind === "many2one") return references?.get(Number(stored)) ?? null;
  return stored;
}
