import type { Command } from "commander";
import { makeReference } from "../records/reference.ts";
import { keyModel } from "../tower/keys/key.model.ts";
import { CliError } from "./cli-error.ts";
import { withCore } from "./open.ts";
import { warn } from "./output.ts";
import { readHidden, readStdin } from "./stdin.ts";

const MAX_VALUE_BYTES = 262_144;

export function addKeyCommand(program: Command, env: NodeJS.ProcessEnv): void {
  const key = program.command("key").description("secrets that code names, and SSH keys").helpCommand(false);
  key
    .command("set")
    .description(
      "store the value of a secret, which code names as #!cxtower.secret.REFERENCE!#, or of an SSH key that is there",
    )
    .argument("<reference>", "letters, digits and _; capitals count")
    .option("--name <name>", "name of the key (a new one: its reference)")
    .option("--user <login>", "who does it", "admin")
    .addHelpText(
      "after",
      `
The value comes from standard input, never from an argument: those are visible to everybody on the
machine. On a terminal it is asked for and not shown. One line end at its end is dropped.

Examples:
  hooktower key set GITHUB_WEBHOOK
  openssl rand -hex 32 | tee secret.txt | hooktower key set GITHUB_WEBHOOK
  hooktower key set TLS_KEY < key.pem`,
    )
    .action(async (reference: string, options: { name?: string; user: string }) => {
      if (makeReference(reference, keyModel) !== reference) {
        throw new CliError(`${reference} is not a reference: letters, digits and _ only`, 2);
      }
      const value = await readValue(reference);
      await withCore(env, { compiles: false }, async ({ records, findActor }) => {
        const actor = await findActor(options.user);
        const existing = await records.find(keyModel, reference, actor);
        const values = { secret_value: value, ...(options.name !== undefined && { name: options.name }) };
        if (existing) await records.update(keyModel, reference, values, actor);
        else await records.create(keyModel, { name: reference, ...values, reference, key_type: "s" }, actor);
        const what = existing?.["key_type"] === "k" ? "SSH key" : "secret";
        warn(`${what} ${reference} is ${existing ? "changed" : "stored"}`);
      });
    });
}

async function readValue(reference: string): Promise<string> {
  const value = process.stdin.isTTY ? await readHidden(`Value of ${reference}: `) : await readPiped();
  if (value === "") throw new CliError("the value is empty: nothing is changed");
  return value;
}

async function readPiped(): Promise<string> {
  const bytes = await readStdin(MAX_VALUE_BYTES);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch (error) {
    if (error instanceof TypeError) throw new CliError("the value is not text in UTF-8: nothing is changed");
    throw error;
  }
}
