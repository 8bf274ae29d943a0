import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { coerceError } from "../lib/errors.ts";
import { models } from "../models.ts";
import { collectionPath } from "../records/model.ts";
import { isInFormat } from "../records/yaml.format.ts";
import { CliError } from "./cli-error.ts";
import { withCore } from "./open.ts";

interface ExportOptions {
  readonly all?: true;
  readonly explode: boolean;
  readonly output?: string;
  readonly user: string;
  /** One a model, e.g. `webhookAuthenticators`. */
  readonly [collection: string]: unknown;
}

const exportable = models.all.filter(isInFormat).toReversed();

export function addExportCommand(program: Command, env: NodeJS.ProcessEnv): void {
  const command = program.command("export").description("write authenticators, webhooks and keys as YAML");
  for (const model of exportable) {
    command.option(`--${collectionPath(model)} <references>`, `${model.labelPlural}, separated by commas`, splitList);
  }
  command
    .option("--all", "everything that files can hold")
    .option("--no-explode", "references in place of whole records")
    .option("-o, --output <file>", "write to this file (default: standard output)")
    .option("--user <login>", "who exports", "admin")
    .addHelpText(
      "after",
      `
Values of secrets are never written, and neither are users.

Examples:
  hooktower export --webhooks github_push
  hooktower export --webhooks github_push,alert --no-explode -o webhooks.yaml
  hooktower export --all -o tower.yaml`,
    )
    .action(async (options: ExportOptions) => {
      const selection = readSelection(options);
      await withCore(env, { compiles: false }, async ({ yaml, findActor }) => {
        const actor = await findActor(options.user);
        const text = await yaml.exportYaml(
          selection ?? (await yaml.selectAll(actor)),
          { explode: options.explode },
          actor,
        );
        if (options.output === undefined || options.output === "-") process.stdout.write(text);
        else await write(options.output, text);
      });
    });
}

/** Null: everything. */
function readSelection(options: ExportOptions): Record<string, readonly string[]> | null {
  const selection: Record<string, readonly string[]> = {};
  for (const model of exportable) {
    const references = options[collectionPath(model).replace(/-(.)/g, (_dash, letter: string) => letter.toUpperCase())];
    if (Array.isArray(references)) selection[model.name] = references.map(String);
  }
  const isEmpty = Object.keys(selection).length === 0;
  if (options.all && !isEmpty) throw new CliError("--all and single records exclude each other", 2);
  if (!options.all && isEmpty) {
    throw new CliError(
      `say what to export: --all, ${exportable.map((model) => `--${collectionPath(model)}`).join(", ")}`,
      2,
    );
  }
  return options.all ? null : selection;
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (thrown) {
    throw new CliError(`cannot write ${file}: ${coerceError(thrown).message}`);
  }
}
