import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";

/** The stored (encrypted) values of the secrets with these references; those without one are absent. */
export async function readStoredSecrets(
  db: Kysely<Tables>,
  references: readonly string[],
): Promise<Map<string, string>> {
  if (references.length === 0) return new Map();
  const rows = await db
    .selectFrom("keys")
    .select(["reference", "secret_value"])
    .where("key_type", "=", "s")
    .where("secret_value", "is not", null)
    .where("reference", "in", [...references])
    .execute();
  return new Map(rows.flatMap((row) => (row.secret_value === null ? [] : [[row.reference, row.secret_value]])));
}

/** Any one stored value, to see whether the secret key fits; null when nothing is stored. */
export async function findAnyStoredSecret(db: Kysely<Tables>): Promise<string | null> {
  const row = await db
    .selectFrom("keys")
    .select("secret_value")
    .where("secret_value", "is not", null)
    .limit(1)
    .executeTakeFirst();
  return row?.secret_value ?? null;
}
