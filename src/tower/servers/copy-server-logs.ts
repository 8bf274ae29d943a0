import type { Actor } from "../../records/access.ts";
import { textOf } from "../../records/field.ts";
import type { ModelRegistry, RecordValues } from "../../records/model.ts";
import type { RecordOperations } from "../../records/records.ts";

const COPIED = ["name", "access_level", "active", "log_type", "command_id", "use_sudo", "file_template_id"] as const;

/**
 * Gives a new server the logs of its template. Logs of files get a file each, as their file template says; two of
 * the same template share one.
 *
 * @param logs references of the template's logs
 * @param server reference of the server
 */
export async function copyServerLogs(
  operations: RecordOperations,
  models: ModelRegistry,
  { logs, server }: { readonly logs: readonly string[]; readonly server: string },
  actor: Actor,
): Promise<void> {
  const model = models.get("server_log");
  const files = new Map<string, string>();
  for (const reference of logs) {
    const log = await operations.get(model, reference, actor);
    const template = log["log_type"] === "file" ? textOf(log["file_template_id"]) : "";
    if (template !== "" && !files.has(template))
      files.set(template, await makeFile(operations, models, { template, server }, actor));
    const values: RecordValues = Object.fromEntries(COPIED.map((field) => [field, log[field] ?? null]));
    await operations.create(model, { ...values, server_id: server, file_id: files.get(template) ?? null }, actor);
  }
}

/** @returns its reference */
async function makeFile(
  operations: RecordOperations,
  models: ModelRegistry,
  { template, server }: { readonly template: string; readonly server: string },
  actor: Actor,
): Promise<string> {
  const from = await operations.get(models.get("file_template"), template, actor);
  const copied = ["source", "file_type", "server_dir", "code", "keep_when_deleted"];
  const values: RecordValues = Object.fromEntries(copied.map((field) => [field, from[field] ?? null]));
  const file = await operations.create(
    models.get("file"),
    { ...values, name: from["file_name"] || from["name"] || null, template_id: template, server_id: server },
    actor,
  );
  return textOf(file["reference"]);
}
