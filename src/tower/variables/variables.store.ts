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
