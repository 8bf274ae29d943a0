import type { CommandAction } from "../../../db/tower-schema.ts";
import type { PreparedCommand } from "../prepare-command.ts";
import type { CommandRun } from "../run-command.ts";
import type { OnOutput, VariableValues } from "../runs.ts";

/** What a command's action gets. */
export interface ActionCall {
  readonly prepared: PreparedCommand;
  /** Its `signal` ends the action. */
  readonly request: CommandRun;
  /** Null for a run without a log. */
  readonly logId: number | null;
  readonly onOutput?: OnOutput;
}

/** How an action ended; texts may still hold secrets. */
export interface ActionEnd {
  readonly status: number;
  readonly response: string | null;
  readonly error: string | null;
  /** As they are afterwards, where the action can change them. */
  readonly variableValues?: VariableValues;
}

/** Does what a command is for. What goes wrong is its end; it throws only for a fault of the tower itself. */
export type Action = (call: ActionCall) => Promise<ActionEnd>;

export type Actions = Readonly<Record<CommandAction, Action>>;
