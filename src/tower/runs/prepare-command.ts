import { HooktowerError } from "../../lib/errors.ts";
import type { Json } from "../../sandbox/sandbox.ts";
import { createPlaceholderSeal, findSecretReferences } from "../keys/secret-text.ts";
import { readSudoPassword } from "../servers/ssh-target.ts";
import { chooseSudoMode, type SudoMode } from "../ssh/command-line.ts";
import { findTemplateNames } from "../variables/template-names.ts";
import { SYSTEM, type Read } from "../variables/variable-values.ts";
import { readCommand, readServer, type CommandRow, type ServerRow } from "./run-records.store.ts";
import type { RunTools } from "./run-tools.ts";
import type { CommandRequest, VariableValues } from "./runs.ts";

/** A line of a plan, which runs a command in its own way. */
export interface LineOfRun {
  readonly planLogId: number;
  readonly lineId: number;
  readonly condition: string | null;
}

/** A command, ready to run. */
export interface PreparedCommand {
  readonly server: ServerRow;
  readonly command: CommandRow;
  readonly sudo: SudoMode;
  /** Rendered; secrets are placeholders. This is what logs show. */
  readonly code: string;
  readonly path: string | null;
  /** The same for a shell, with the values of secrets. */
  readonly shell: { readonly code: string; readonly path: string | null };
  readonly secrets: ReadonlyMap<string, string | null>;
  /** What must not be seen in anything that the run leaves behind. */
  readonly hidden: readonly string[];
  readonly variableValues: VariableValues;
  readonly read: Read;
}

/** @throws HooktowerError `not_found` when one of the two is gone */
export async function readSubjects(
  read: Read,
  { serverId, commandId }: Pick<CommandRequest, "serverId" | "commandId">,
): Promise<{ readonly server: ServerRow; readonly command: CommandRow }> {
  return read(async (db) => {
    const server = await readServer(db, serverId);
    const command = await readCommand(db, commandId);
    if (!server) throw new HooktowerError("not_found", `Server ${serverId} is not there any more`);
    if (!command) throw new HooktowerError("not_found", `Command ${commandId} is not there any more`);
    return { server, command };
  });
}

/** @throws RenderError */
export async function prepareCommand(
  tools: RunTools,
  subjects: { readonly server: ServerRow; readonly command: CommandRow },
  request: CommandRequest,
  variableValues: VariableValues,
  read: Read,
): Promise<PreparedCommand> {
  const { server, command } = subjects;
  const pythonic = command.action === "python_code";
  const texts = { code: command.code ?? "", path: request.path || command.path || "" };
  const names = new Set([...findTemplateNames(texts.code), ...findTemplateNames(texts.path)]);
  const stored = await tools.variables.resolve(names, server, read);
  const given = Object.entries(variableValues).filter(([name]) => names.has(name) && name !== SYSTEM);
  const placeholders = createPlaceholderSeal();

  /** What the tower keeps may name secrets; what was given to this run may not. */
  async function render(text: string, mode: { readonly pythonic: boolean }): Promise<string> {
    const seal = mode.pythonic ? <T extends Json>(value: T) => value : placeholders.seal;
    const values = { ...seal(stored), ...Object.fromEntries(given) };
    // Braces that name nothing are the language's own: a Python dict, a shell's parameter.
    const isTemplate = [...findTemplateNames(text)].some((name) => Object.hasOwn(values, name));
    return isTemplate ? tools.renderer.render(seal(text), values, mode) : seal(text);
  }

  const code = await render(texts.code, { pythonic });
  const path = await render(texts.path, { pythonic: false });
  // In Python the sandbox itself finds them, in what is code and not in what is a value.
  const references = [...placeholders.references, ...(pythonic ? findSecretReferences(code) : [])];
  const secrets = await read((db) => tools.secrets.read(references, { serverId: server.id, db }));
  const use = { username: server.ssh_username, sudo: server.use_sudo ?? "off" } as const;
  const sudo = chooseSudoMode(use, request.sudo ?? null);
  // A command can read the line with the password: sudo does not ask while it remembers the last time.
  const sudoPassword = sudo === "p" ? readSudoPassword(server, tools.cipher) : null;
  return {
    server,
    command,
    sudo,
    code: placeholders.show(code),
    path: placeholders.show(path) || null,
    shell: { code: placeholders.open(code, secrets), path: placeholders.open(path, secrets) || null },
    secrets,
    hidden: [...secrets.values(), sudoPassword].filter((value) => value !== null),
    variableValues,
    read,
  };
}
