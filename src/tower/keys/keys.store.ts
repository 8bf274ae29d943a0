import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";

/** An encrypted value, and where it stands: values are bound to their place. */
export interface StoredSecret {
  readonly value: string;
  readonly table: "keys" | "key_values";
}

/**
 * The stored values of the secrets with these references; those without one are absent.
 *
 * @param serverId its own values come before the global ones; null: there are only those
 */
export async function readStoredSecrets(
  db: Kysely<Tables>,
  references: readonly string[],
  serverId: number | null,
): Promise<Map<string, StoredSecret>> {
  if (references.length === 0) return new Map();
  const rows = await db
    .selectFrom("keys")
    .leftJoin("key_values as own", (join) =>
      join.onRef("own.key_id", "=", "keys.id").on("own.server_id", "=", serverId ?? NO_SERVER),
    )
    .select(["keys.reference as reference", "keys.secret_value as everywhere", "own.secret_value as here"])
    .where("keys.key_type", "=", "s")
    .where("keys.reference", "in", [...references])
    .execute();
  return new Map(
    rows.flatMap(({ reference, everywhere, here }): Array<[string, StoredSecret]> => {
      if (here !== null) return [[reference, { value: here, table: "key_values" }]];
      return everywhere === null ? [] : [[reference, { value: everywhere, table: "keys" }]];
    }),
  );
}

/** An id that no server has. */
const NO_SERVER = 0;

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
