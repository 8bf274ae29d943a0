import { Command, CommanderError } from "commander";
import { coerceError, HooktowerError } from "../lib/errors.ts";
import { SettingsError } from "../settings/settings.ts";
import { version } from "../version.ts";
import { addCallCommand } from "./call.ts";
import { CliError, describe } from "./cli-error.ts";
import { addExportCommand } from "./export.ts";
import { addImportCommand } from "./import.ts";
import { addKeyCommand } from "./key.ts";
import { addLogsCommand } from "./logs.ts";
import { endQuietlyOnClosedPipe, warn } from "./output.ts";
import { addPlanCommand, addRunCommand } from "./run.ts";
import { addServeCommand } from "./serve.ts";
import { addServerCommand } from "./server.ts";
import { addTokenCommand } from "./token.ts";

const EXIT_FAILED = 1;
/** The settings or the arguments cannot be used. */
const EXIT_UNUSABLE = 2;

const AFTER_HELP = `
Settings are environment variables (HOOKTOWER_DATA_DIR, HOOKTOWER_DATABASE_URL …): commands work
on the database that the server with the same settings uses, whether it is running or not.

Exit codes: 0 done, 1 it failed, 2 settings or arguments cannot be used.`;

/**
 * Runs one command line.
 *
 * @param argv as `process.argv`
 * @returns the exit code
 */
export async function runCli(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  endQuietlyOnClosedPipe();
  let exitCode = 0;
  const program = createProgram(env, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (thrown) {
    return reportFailure(coerceError(thrown));
  }
}

/** @param setExitCode for commands that end with another code than 0 without having failed */
function createProgram(env: NodeJS.ProcessEnv, setExitCode: (code: number) => void): Command {
  const program = new Command("hooktower")
    .description("A self-hosted tower for incoming webhooks.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", AFTER_HELP)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "hooktower: ")) })
    .showHelpAfterError(false);
  addServeCommand(program, env, setExitCode);
  addImportCommand(program, env);
  addExportCommand(program, env);
  addTokenCommand(program, env);
  addKeyCommand(program, env);
  addLogsCommand(program, env);
  addCallCommand(program, env, setExitCode);
  addRunCommand(program, env, setExitCode);
  addPlanCommand(program, env, setExitCode);
  addServerCommand(program, env, setExitCode);
  return program;
}

/** One line for people; a stack only for what nobody foresaw. */
function reportFailure(error: Error): number {
  if (error instanceof CommanderError) {
    // Help and version "fail" with 0; everything else has been printed by commander.
    return error.exitCode === 0 ? 0 : EXIT_UNUSABLE;
  }
  if (error instanceof SettingsError) {
    warn(error.message);
    return EXIT_UNUSABLE;
  }
  if (error instanceof CliError) {
    warn(error.message);
    return error.exitCode;
  }
  // What the system refused needs no stack either.
  const isForeseen = "syscall" in error;
  warn(error instanceof HooktowerError ? describe(error) : ((isForeseen ? undefined : error.stack) ?? error.message));
  return EXIT_FAILED;
}
