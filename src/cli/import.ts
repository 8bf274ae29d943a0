import { readFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import { coerceError, HooktowerError } from "../lib/errors.ts";
import { IMPORT_MODES, type ImportMode, type ImportReport } from "../records/yaml.service.ts";
import { CliError, describe } from "./cli-error.ts";
import { withCore } from "./open.ts";
import { print, printable, warn } from "./output.ts";
import { readStdin } from "./stdin.ts";

interface ImportOptions {
  readonly mode: ImportMode;
  readonly user: string;
  readonly json?: true;
}

const MAX_STDIN_BYTES = 8 * 1024 * 1024;

export function addImportCommand(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .command("import")
    .description("import authenticators, webhooks and keys from YAML files")
    .argument("<file...>", "YAML in the format of Cetmix Tower; - for standard input")
    .addOption(
      new Option("--mode <mode>", "what happens to records that exist: skip, update, or create another")
        .choices(IMPORT_MODES)
        .default("skip"),
    )
    .option("--user <login>", "who imports; webhooks that are created run as this user", "admin")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
All of a file is imported or, when anything in it is wrong, nothing of it. A server that is running
uses the new records at once.

Examples:
  hooktower import examples/github-push.yaml
  hooktower import --mode update webhooks/*.yaml
  hooktower export --all | HOOKTOWER_DATA_DIR=/other hooktower import -`,
    )
    .action(async (files: string[], options: ImportOptions) => {
      const texts = await Promise.all(files.map(async (file) => [file, await readSource(file)] as const));
      await withCore(env, { compiles: true }, async (core) => {
        const actor = await core.findActor(options.user);
        for (const [file, text] of texts) {
          try {
            printReport(file, await core.yaml.importYaml(text, { mode: options.mode }, actor), options);
          } catch (thrown) {
            if (!(thrown instanceof HooktowerError)) throw thrown;
            throw new CliError(`${file}: ${describe(thrown)}`);
          }
        }
      });
    });
}

async function readSource(file: string): Promise<Uint8Array> {
  if (file === "-") return readStdin(MAX_STDIN_BYTES);
  try {
    return await readFile(file);
  } catch (thrown) {
    throw new CliError(`cannot read ${file}: ${coerceError(thrown).message}`);
  }
}

function printReport(file: string, report: ImportReport, { json }: ImportOptions): void {
  if (json) {
    print(JSON.stringify({ file, ...report }));
    return;
  }
  const lines = (["created", "updated", "skipped", "ignored"] as const).flatMap((outcome) =>
    report[outcome].map((entry) => `  ${outcome.padEnd(8)}${printable(entry)}`),
  );
  print(file);
  for (const line of lines) print(line);
  if (report.created.length + report.updated.length === 0) print("  No records were created or updated");
  for (const warning of report.warnings) warn(printable(warning));
}
