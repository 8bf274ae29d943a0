import { openUserRun, toGuestUser, type Guest } from "../../../guest/guest.ts";
import { describeFailure } from "../../../guest/outcome-text.ts";
import { makeProgram } from "../../../guest/programs.ts";
import type { ReadValue, RunOutcome, Sandbox } from "../../../sandbox/sandbox.ts";
import { EXIT } from "../exit-codes.ts";
import type { VariableValues } from "../runs.ts";
import type { Action, ActionEnd } from "./action.ts";

interface PythonCodeTools {
  readonly sandbox: Pick<Sandbox, "prepare" | "run">;
  readonly guest: () => Guest;
}

/**
 * Runs a command's code in the sandbox, with the rights of the run's user. What it does to records is a unit
 * of its own: kept when the code returns, dropped when it raises.
 */
export function createPythonCode({ sandbox, guest }: PythonCodeTools): Action {
  return async ({ prepared: { server, command, code, secrets, variableValues }, request: { user, signal } }) => {
    const program = sandbox.prepare(makeProgram("command", command.reference, code));
    const shown = toGuestUser(user);
    const { inputs, onHostCall, settle } = openUserRun(guest(), user, shown, { readOnly: false });
    const outcome = await sandbox.run({
      program,
      secrets,
      onHostCall,
      inputs: {
        ...inputs,
        server: { kind: "recordSet", user: shown, model: "cx.tower.server", ids: [server.id] },
        custom_values: { kind: "json", value: variableValues },
      },
    });
    if (signal?.aborted) return { status: EXIT.commandStopped, response: null, error: "Command stopped" };
    return describeEnd(await settle(outcome), variableValues);
  };
}

/** The original's rules: what is not said is success, and a message that is not given is the word None. */
function describeEnd(outcome: RunOutcome, given: VariableValues): ActionEnd {
  const kept = outcome.kept["custom_values"];
  const variableValues = kept === undefined ? given : (JSON.parse(kept) as VariableValues);
  if (outcome.status !== "completed") return fail(describeFailure(outcome), variableValues);
  const exitCode = readText(outcome.result["exit_code"]);
  const message = readText(outcome.result["message"]);
  if (exitCode === null && message === null) return { status: 0, response: null, error: null, variableValues };
  const status = exitCode === null ? 0 : readStatus(exitCode.json);
  if (status === null) return fail(`exit_code is ${exitCode?.text ?? ""}, not a whole number`, variableValues);
  const text = message?.text ?? "None";
  return { status, response: status === 0 ? text : null, error: status === 0 ? null : text, variableValues };
}

function fail(error: string, variableValues: VariableValues): ActionEnd {
  return { status: EXIT.pythonFailed, response: null, error, variableValues };
}

function readText(value: ReadValue | undefined): { readonly json: string; readonly text: string } | null {
  return typeof value === "object" ? value : null;
}

/** What a column takes. */
const MAX_STATUS = 2 ** 31 - 1;

/** @returns null for what is no exit code */
function readStatus(json: string): number | null {
  const value: unknown = JSON.parse(json);
  if (value === null) return EXIT.general;
  const status = Number(value);
  const isNumber = typeof value === "number" || typeof value === "boolean";
  return isNumber && Number.isInteger(status) && Math.abs(status) <= MAX_STATUS ? status : null;
}
