import type { CodeUser } from "../../guest/guest.ts";
import { HooktowerError } from "../../lib/errors.ts";
import type { RecordValues } from "../../records/model.ts";
import { elevate, toActor } from "../runs/rights.ts";
import { readServer, type ServerRow } from "../runs/run-records.store.ts";
import { RenderError } from "../variables/renderer.ts";
import type { Read } from "../variables/variable-values.ts";
import { renderPaths } from "./file-content.ts";
import { findFilesOf, lockServer, readFileTemplate, type FileTemplateRow } from "./files.store.ts";
import type { FileTools } from "./transfers.ts";

export type IfFileExists = "skip" | "overwrite" | "raise";

export interface TemplateRequest {
  readonly templateId: number;
  readonly serverId: number;
  /** In place of the template's own; empty or null: that one. */
  readonly directory?: string | null;
  readonly ifFileExists: IfFileExists;
  readonly user: CodeUser;
  /** The user need not be allowed to see the template or to make files: whoever may run a command has what it makes. */
  readonly trusted?: boolean;
  /** What the code that asks has done to records so far. Absent: what is committed. */
  readonly read?: Read;
}

export interface FileFromTemplate {
  readonly fileId: number;
  /** `found`: it was there, and is as it was. */
  readonly outcome: "created" | "overwritten" | "found";
  readonly source: FileTemplateRow["source"];
}

/** @throws HooktowerError as `Files.createFromTemplate` */
export async function createFileFromTemplate(tools: FileTools, request: TemplateRequest): Promise<FileFromTemplate> {
  const { records, models } = tools;
  const { ifFileExists, user, trusted = false } = request;
  if (!trusted) {
    await records.byId.read(models.get("file_template"), [request.templateId], toActor(user));
    await records.byId.read(models.get("server"), [request.serverId], toActor(user));
  }
  const { template, server, read } = await readSubjects(tools, request);
  const values = makeValues(template, server, request.directory ?? null);
  const known = await findSamePlace(tools, values, template, server, read);
  if (known === null || ifFileExists === "overwrite") return write(tools, values, template, server, request, known);
  if (ifFileExists === "raise") throw new HooktowerError("conflict", "File already exists on server.");
  return { fileId: known, outcome: "found", source: template.source };
}

async function readSubjects({ db }: FileTools, { templateId, serverId, read: given }: TemplateRequest) {
  const read: Read = given ?? ((work) => work(db.main));
  const template = await read((connection) => readFileTemplate(connection, templateId));
  const server = await read((connection) => readServer(connection, serverId));
  if (!template) throw new HooktowerError("not_found", `File template ${templateId} is not there any more`);
  if (!server) throw new HooktowerError("not_found", `Server ${serverId} is not there any more`);
  return { template, server, read };
}

type FileValues = RecordValues & { readonly name: string; readonly server_dir: string | null };

/** The record that a template makes. */
function makeValues(template: FileTemplateRow, server: ServerRow, directory: string | null): FileValues {
  return {
    name: template.file_name ?? template.name,
    template_id: template.reference,
    source: template.source,
    file_type: template.file_type,
    server_dir: directory || template.server_dir,
    code: template.code,
    keep_when_deleted: template.keep_when_deleted === 1,
    server_id: server.reference,
  };
}

/** @returns the id of the file at the same place, once both are rendered */
async function findSamePlace(
  tools: FileTools,
  values: FileValues,
  { source }: FileTemplateRow,
  server: ServerRow,
  read: Read,
): Promise<number | null> {
  const files = await read((db) => findFilesOf(db, server.id, source));
  try {
    const [path, ...others] = await renderPaths(tools, [values, ...files], server, read);
    return files[others.findIndex((other) => other === path)]?.id ?? null;
  } catch (thrown) {
    if (!(thrown instanceof RenderError)) throw thrown;
    throw new HooktowerError("invalid", thrown.message, { cause: thrown });
  }
}

async function write(
  { records, models }: FileTools,
  values: FileValues,
  { source }: FileTemplateRow,
  server: ServerRow,
  { ifFileExists, user, trusted = false }: TemplateRequest,
  known: number | null,
): Promise<FileFromTemplate> {
  const model = models.get("file");
  const actor = trusted ? elevate(user) : toActor(user);
  const [reserved = 0] = known === null ? await records.reserveIds(model, 1) : [known];
  return records.transactionById(
    async (operations, trx): Promise<FileFromTemplate> => {
      await lockServer(trx, server.id);
      // Somebody may have been quicker.
      const twin = (await findFilesOf(trx, server.id, source)).find(
        ({ name, server_dir: directory }) => name === values.name && directory === values.server_dir,
      );
      const fileId = known ?? twin?.id ?? null;
      if (fileId === null) {
        await operations.create(model, values, actor, reserved);
        return { fileId: reserved, outcome: "created", source };
      }
      if (ifFileExists === "raise") throw new HooktowerError("conflict", "File already exists on server.");
      if (ifFileExists === "skip") return { fileId, outcome: "found", source };
      await operations.update(model, fileId, values, actor);
      return { fileId, outcome: "overwritten", source };
    },
    { keep: true, models: [model] },
  );
}
