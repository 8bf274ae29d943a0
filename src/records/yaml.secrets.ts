import { markPlaceholders } from "../sandbox/python/placeholders.ts";
import type { Actor } from "./access.ts";
import type { Model, ModelRegistry, RecordValues } from "./model.ts";
import type { RecordOperations } from "./records.ts";
import type { PlannedRecord } from "./yaml.plan.ts";

/**
 * What is still missing before imported code can work. An import never makes a key for a name that
 * only stands in code: an empty key is as useless as none, a mistyped name would leave one behind,
 * and the command below makes the key together with its value.
 */
export async function findSecretWarnings(
  records: readonly PlannedRecord[],
  models: ModelRegistry,
  operations: RecordOperations,
  actor: Actor,
): Promise<string[]> {
  const keyModel = models.find("key");
  if (!keyModel) return [];
  const references = new Set(records.flatMap((record) => secretsOf(record, keyModel)));
  const warnings: string[] = [];
  for (const reference of references) {
    const key = await operations.find(keyModel, reference, actor);
    if (key && key["key_type"] !== "s") {
      warnings.push(`${reference} is not a secret: code that names it as one sees None`);
    } else if (!key?.["has_secret_value"]) {
      warnings.push(`Secret ${reference} has no value yet: set it with "hooktower key set ${reference}"`);
    }
  }
  return warnings;
}

function secretsOf(record: PlannedRecord, keyModel: Model): string[] {
  if (record.model === keyModel) {
    return record.reference !== null && record.values["key_type"] !== "k" ? [record.reference] : [];
  }
  return findCodeSecrets(record.model, record.values);
}

/** References of the secrets that the code of a record names. */
export function findCodeSecrets(model: Model, values: RecordValues): string[] {
  const sources = Object.entries(model.fields).flatMap(([name, field]) => {
    const source = values[name];
    return field.kind === "code" && typeof source === "string" ? [source] : [];
  });
  return [...new Set(sources.flatMap((source) => markPlaceholders(source).secretReferences))];
}
