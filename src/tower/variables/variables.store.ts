import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { VariableValue } from "./literal-references.ts";

/** Every variable with its global value; null where it has none. */
export async function readGlobalValues(db: Kysely<Tables>): Promise<Map<string, VariableValue>> {
  const rows = await db
    .selectFrom("variables")
    .leftJoin("variable_values as value", (join) =>
      join
        .onRef("value.variable_id", "=", "variables.id")
        .on("value.active", "=", 1)
        .on("value.server_id", "is", null)
        .on("value.server_template_id", "is", null)
        .on("value.plan_line_action_id", "is", null),
    )
    .select(["variables.reference as reference", "value.id as id", "value.value_char as text"])
    .execute();
  return new Map(rows.map(({ reference, id, text }) => [reference, id === null ? null : (text ?? "")]));
}

/** A variable as runs need it: `undefined` where there is no value, null for an empty one. */
export interface StoredVariable {
  readonly reference: string;
  readonly modifier: string | null;
  readonly onServer: string | null | undefined;
  readonly everywhere: string | null | undefined;
}

/** The variables among these references, with their values on a server and their global ones. */
export async function readVariables(
  db: Kysely<Tables>,
  references: readonly string[],
  serverId: number | null,
): Promise<StoredVariable[]> {
  if (references.length === 0) return [];
  const rows = await db
    .selectFrom("variables")
    .leftJoin("variable_values as value", (join) =>
      join
        .onRef("value.variable_id", "=", "variables.id")
        .on("value.active", "=", 1)
        .on("value.server_template_id", "is", null)
        .on("value.plan_line_action_id", "is", null)
        .on((on) => on.or([on("value.server_id", "is", null), on("value.server_id", "=", serverId ?? 0)])),
    )
    .select([
      "variables.reference as reference",
      "variables.applied_expression as modifier",
      "value.id as id",
      "value.server_id as serverId",
      "value.value_char as text",
    ])
    .where("variables.reference", "in", [...references])
    .execute();
  const variables = new Map<string, StoredVariable>();
  for (const { reference, modifier, id, serverId: owner, text } of rows) {
    const known = variables.get(reference) ?? { reference, modifier, onServer: undefined, everywhere: undefined };
    const found = id === null ? {} : owner === null ? { everywhere: text } : { onServer: text };
    variables.set(reference, { ...known, ...found });
  }
  return [...variables.values()];
}
