import type { Actor } from "./access.ts";
import type { ModelRegistry } from "./model.ts";
import type { Records } from "./records.ts";
import type { ExportSelection } from "./yaml.export.ts";
import type { ImportMode, ImportReport } from "./yaml.format.ts";

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

/** What reads and writes YAML is loaded with the first file: no start of a server waits for it. */
export function createYamlService(tools: { readonly records: Records; readonly models: ModelRegistry }): YamlService {
  return {
    async importYaml(file, { mode }, actor) {
      const [{ parseYaml }, { planImport }, { carryOut }] = await Promise.all([
        import("./yaml.parse.ts"),
        import("./yaml.plan.ts"),
        import("./yaml.import.ts"),
      ]);
      return carryOut(planImport(parseYaml(file), tools.models), mode, actor, tools);
    },
    async exportYaml(selection, { explode }, actor) {
      const { writeExport } = await import("./yaml.export.ts");
      return writeExport(selection, explode, actor, tools);
    },
    async selectAll(actor) {
      const { selectAll } = await import("./yaml.export.ts");
      return selectAll(actor, tools);
    },
  };
}
