/**
 * Running commands and flight plans on servers.
 *
 * - command run: one command on one server, with a command log (unless it is told to leave none).
 * - plan run: one flight plan on one server: its lines one after the other, with a plan log.
 * - variable values: what a run was given beside the variables of its server (`custom_values` in code);
 *   they travel along a plan, and each log keeps them.
 */

import type { CodeUser } from "../../guest/guest.ts";
import type { RecordUnit } from "../../guest/records/unit.ts";
import type { Json } from "../../sandbox/sandbox.ts";

export type VariableValues = { readonly [reference: string]: Json };

/** Gets what a command prints as it comes, with its secrets masked. */
export type OnOutput = (text: string, stream: "stdout" | "stderr") => void;

interface RunRequest {
  readonly serverId: number;
  /** Whose rights the run has. */
  readonly user: CodeUser;
  /** Taken only from users who may change the server, as in the original; for others they count as not given. */
  readonly variableValues?: VariableValues;
  readonly label?: string | null;
  /** What the code that asks has done to records so far: the run sees it. Null: what is committed. */
  readonly unit?: RecordUnit | null;
  /** Ends the run when it aborts. */
  readonly signal?: AbortSignal;
  /** The user need not be allowed to read the command or plan: whoever may use a shortcut may run its target. */
  readonly trusted?: boolean;
  readonly onOutput?: OnOutput;
}

export interface CommandRequest extends RunRequest {
  readonly commandId: number;
  /** In place of the command's own. */
  readonly path?: string | null;
  /** False: without sudo, whatever the server says. */
  readonly sudo?: boolean;
  /** False: leaves no command log. */
  readonly log?: boolean;
  /** How long it may run, in milliseconds, where that is less than the tower's own limit. */
  readonly timeoutMs?: number;
}

export interface CommandEnd {
  /** Null for a run without a log. */
  readonly logId: number | null;
  readonly status: number;
  readonly response: string | null;
  readonly error: string | null;
  /** As they are after the run: Python commands can change them. */
  readonly variableValues: VariableValues;
}

/** A command run that has begun, or was refused: then it has ended already. */
export interface StartedCommand {
  /** Null for a run without a log. */
  readonly logId: number | null;
  /** Never rejects for anything that the command does. */
  readonly ended: Promise<CommandEnd>;
}

export interface PlanRequest extends RunRequest {
  readonly planId: number;
  /** The webhook call that it is for. */
  readonly callId?: string | null;
  readonly onLine?: OnLine;
}

/** Is told how a plan run comes along. */
export type OnLine = (event: PlanLineEvent) => void;

export interface PlanLineEvent {
  /** From 1. */
  readonly position: number;
  readonly lines: number;
  readonly command: string;
  /** Null: it begins. */
  readonly status: number | null;
}

export interface PlanEnd {
  readonly logId: number;
  readonly status: number;
  readonly message: string | null;
  readonly variableValues: VariableValues;
}

/** A plan run that has begun, or was refused: then it has ended already. */
export interface StartedPlan {
  readonly logId: number;
  /** Never rejects for anything that a command does. Null: the tower closes, and the run goes on when it is back. */
  readonly ended: Promise<PlanEnd | null>;
}

export interface Runs {
  /**
   * Runs a command to its end. What goes wrong on the way is its status and error, as the log has it.
   *
   * @throws HooktowerError `not_found` or `forbidden` for a server or command that the user may not read,
   * `conflict` for one that the code that asks has only just made, `unavailable` when too much is under way
   */
  runCommand(request: CommandRequest): Promise<CommandEnd>;
  /**
   * Begins a command run, which goes on whether or not somebody waits for its end.
   *
   * @throws HooktowerError as `runCommand`
   */
  startCommand(request: CommandRequest): Promise<StartedCommand>;
  /**
   * Begins a plan run, which goes on whether or not somebody waits for its end, and after a restart.
   *
   * @throws HooktowerError as `runCommand`
   */
  startPlan(request: PlanRequest): Promise<StartedPlan>;
  /** Ends a command run, wherever it runs, with the plan runs that it began. @returns whether it was running */
  stopCommand(logId: number, by: Pick<CodeUser, "name">): Promise<boolean>;
  /** Ends a plan run with the command under way. @returns whether it was running */
  stopPlan(logId: number, by: Pick<CodeUser, "name">): Promise<boolean>;
  /**
   * Begins nothing new. Commands under way have `graceMs` to end, then they are stopped on their servers;
   * plan runs go on where they are when the tower is back.
   */
  close(graceMs: number): Promise<void>;
}
