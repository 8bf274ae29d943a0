import type { Actor } from "./access.ts";
import type { ModelRegistry } from "./model.ts";
import type { Records } from "./records.ts";
import { selectAll, writeExport, type ExportSelection } from "./yaml.export.ts";
import type { ImportMode, ImportReport } from "./yaml.format.ts";
import { carryOut } from "./yaml.import.ts";
import { parseYaml } from "./yaml.parse.ts";
import { planImport } from "./yaml.plan.ts";

export { IMPORT_MODES, type ImportMode, type ImportReport } from "./yaml.format.ts";
export type { ExportSelection } from "./yaml.export.ts";

/** Records in files, in the format of Cetmix Tower's YAML. */
export interface YamlService {
  /**
   * Imports the records of one file as one change.
   *
   * @param file text, or bytes of UTF-8
   * @throws HooktowerError `malformed` or `too_large` for a file that cannot be read; what Records
   *   throws for one that cannot be used. Nothing of the file is kept then.
   */
  importYaml(file: string | Uint8Array, options: { readonly mode: ImportMode }, actor: Actor): Promise<ImportReport>;
  /**
   * Writes records to a file; importing it into an empty database and exporting gives the same text.
   *
   * @param options `explode`: whole records in place of references
   */
  exportYaml(selection: ExportSelection, options: { readonly explode: boolean }, actor: Actor): Promise<string>;
  /** Every record that the actor can read and that files can hold. */
  selectAll(actor: Actor): Promise<ExportSelection>;
}

export function createYamlService(tools: { readonly records: Records; readonly models: ModelRegistry }): YamlService {
  return {
    importYaml: async (file, { mode }, actor) =>
      carryOut(planImport(parseYaml(file), tools.models), mode, actor, tools),
    exportYaml: (selection, { explode }, actor) => writeExport(selection, explode, actor, tools),
    selectAll: (actor) => selectAll(actor, tools),
  };
}
