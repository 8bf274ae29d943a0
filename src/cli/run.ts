import { InvalidArgumentError, type Command } from "commander";
import type { Operations } from "../tower/operations.ts";
import type { OnOutput, PlanLineEvent, VariableValues } from "../tower/runs/runs.ts";
import { EXIT } from "../tower/runs/exit-codes.ts";
import { withEngine } from "./open.ts";
import { print, printable, warn } from "./output.ts";
import { abortOnSignal } from "./signals.ts";

interface RunOptions {
  readonly server: string;
  readonly set: VariableValues;
  readonly label?: string;
  readonly user: string;
}

interface CommandOptions extends RunOptions {
  readonly path?: string;
  readonly sudo: boolean;
}

interface PlanOptions extends RunOptions {
  readonly follow?: true;
}

type SetExitCode = (code: number) => void;

export function addRunCommand(program: Command, env: NodeJS.ProcessEnv, setExitCode: SetExitCode): void {
  withRunOptions(
    program
      .command("run")
      .description("run a command on a server, and print what it prints")
      .argument("<command>", "reference of the command"),
  )
    .option("--path <directory>", "where it runs, in place of the command's own")
    .option("--no-sudo", "without sudo, whatever the server says")
    .addHelpText(
      "after",
      `
Ends with the exit code of the command; with 1 when it could not be run. Ctrl-C ends it on the server.

Examples:
  hooktower run restart_nginx --server web1
  hooktower run deploy --server web1 --set tag=v1.2.3`,
    )
    .action(async (reference: string, options: CommandOptions) => {
      const status = await withOperations(env, options, async (operations, actor, common) => {
        const wanted = { ...common, onOutput: write, sudo: options.sudo, path: options.path ?? null };
        const { logId, ended } = await operations.runCommand(options.server, reference, wanted, actor);
        const end = await ended;
        if (end.status !== 0)
          warn(`command log ${String(logId)}: ended with ${end.status}${explain(end.status, end.error)}`);
        return end.status;
      });
      setExitCode(toExitCode(status));
    });
}

export function addPlanCommand(program: Command, env: NodeJS.ProcessEnv, setExitCode: SetExitCode): void {
  const plan = program.command("plan").description("run flight plans");
  withRunOptions(
    plan
      .command("run")
      .description("run a flight plan on a server, and print how its lines end")
      .argument("<plan>", "reference of the flight plan"),
  )
    .option("-f, --follow", "print what the commands print, too")
    .addHelpText(
      "after",
      `
Ends with the status of the plan; with 1 when that is no exit code. Ctrl-C ends the plan and its command.

Examples:
  hooktower plan run deploy --server web1 --follow
  hooktower plan run deploy --server web1 --set tag=v1.2.3`,
    )
    .action(async (reference: string, options: PlanOptions) => {
      const status = await withOperations(env, options, async (operations, actor, common) => {
        const wanted = { ...common, onLine: printLine, ...(options.follow && { onOutput: write }) };
        const { logId, ended } = await operations.runPlan(options.server, reference, wanted, actor);
        const end = await ended;
        if (end === null) return 1;
        const reason = end.message === null ? "" : `: ${printable(end.message)}`;
        print(`plan log ${logId}: ended with ${end.status}${reason}`);
        return end.status;
      });
      setExitCode(toExitCode(status));
    });
}

function withRunOptions(command: Command): Command {
  return command
    .requiredOption("--server <reference>", "the server to run on")
    .option("--set <name=value>", "a value for this run; may be given again", collectValue, {})
    .option("--label <text>", "to find the log again")
    .option("--user <login>", "whose rights the run has", "admin");
}

/** @returns the status of the run */
function withOperations(
  env: NodeJS.ProcessEnv,
  { user, set, label }: RunOptions,
  work: (
    operations: Operations,
    actor: Parameters<Operations["runCommand"]>[3],
    common: { readonly variableValues: VariableValues; readonly label: string | null; readonly signal: AbortSignal },
  ) => Promise<number>,
): Promise<number> {
  return withEngine(env, async (core, { operations }) =>
    work(operations, await core.findActor(user), {
      variableValues: set,
      label: label ?? null,
      signal: abortOnSignal(),
    }),
  );
}

const write: OnOutput = (text, stream) => void process[stream].write(text);

function printLine({ position, lines, command, status }: PlanLineEvent): void {
  print(`[${position}/${lines}] ${printable(command)} ${describeLine(status)}`);
}

function describeLine(status: number | null): string {
  if (status === null) return "…";
  if (status === EXIT.conditionFalse) return "skipped";
  return status === 0 ? "done" : `ended with ${status}`;
}

/** What the command itself printed has been shown. */
function explain(status: number, error: string | null): string {
  const lastLine = error?.trimEnd().split("\n").at(-1);
  return (status < 0 || status > 255) && lastLine ? `: ${printable(lastLine)}` : "";
}

/** A status of the tower's own is no exit code of a process. */
function toExitCode(status: number): number {
  return status >= 0 && status <= 255 ? status : 1;
}

function collectValue(text: string, previous: VariableValues): VariableValues {
  const separator = text.indexOf("=");
  if (separator < 1) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return { ...previous, [text.slice(0, separator)]: text.slice(separator + 1) };
}
