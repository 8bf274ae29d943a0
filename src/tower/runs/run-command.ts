import { coerceError, HooktowerError } from "../../lib/errors.ts";
import { isForeignKeyViolation, isUniqueViolation } from "../../db/errors.ts";
import { createMasker } from "../../guest/mask.ts";
import { RenderError } from "../variables/renderer.ts";
import type { ActionEnd, Actions } from "./actions/action.ts";
import { EXIT } from "./exit-codes.ts";
import { createLiveLog, type LiveLog } from "./live-log.ts";
import { maskOutput } from "./masked-output.ts";
import { prepareCommand, readSubjects, type LineOfRun, type PreparedCommand } from "./prepare-command.ts";
import { assertMayChoosePath, assertMayRead, keepAllowedValues, readingOf, toActor } from "./rights.ts";
import {
  endCommandLog,
  insertCommandLog,
  isCommandRunning,
  isRunning,
  updateRunningCommand,
  type NewCommandLog,
} from "./run-logs.store.ts";
import { commandFits } from "./run-records.store.ts";
import { assertRoom, keepUntilEnd, type RunState } from "./run-state.ts";
import type { RunTools } from "./run-tools.ts";
import type { CommandEnd, CommandRequest, StartedCommand, VariableValues } from "./runs.ts";

export const COMMAND_JOB = "command_run";

/** A run that may be one line of a plan; then its command is read whether or not the user may. */
export type CommandRun = CommandRequest & { readonly line?: LineOfRun };

/** A run with a log. */
interface Begun {
  readonly logId: number;
  /** Null for a line of a plan, which the plan's own job looks after. */
  readonly jobId: number | null;
}

export interface CommandRunner {
  start(request: CommandRun): Promise<StartedCommand>;
  /** A line that is not run, as its condition is false. */
  recordSkipped(request: CommandRun): Promise<CommandEnd>;
}

export function createCommandRunner(tools: RunTools, actions: Actions, state: RunState): CommandRunner {
  const { db, clock, logger } = tools;

  async function start(request: CommandRun): Promise<StartedCommand> {
    const { serverId, commandId, user, line, unit = null } = request;
    if (!line) assertRoom(state);
    // A plan has asked for its lines: they may run commands that the user cannot see.
    if (!line) await assertMayRead(tools, "server", serverId, user, unit);
    if (!line && !request.trusted) await assertMayRead(tools, "command", commandId, user, unit);
    if (!line && request.path) await assertMayChoosePath(tools, serverId, user, unit);
    const read = readingOf(tools, unit);
    const subjects = await readSubjects(read, request);
    const given = request.variableValues ?? {};
    const values = line ? given : await keepAllowedValues(tools, serverId, given, user, unit);
    if (!(await read((connection) => commandFits(connection, commandId, serverId))))
      return atOnce(refuse(subjects, request, values, INCOMPATIBLE));
    let prepared: PreparedCommand;
    try {
      prepared = await prepareCommand(tools, subjects, request, values, read);
    } catch (thrown) {
      if (!(thrown instanceof RenderError)) throw thrown;
      return atOnce(refuse(subjects, request, values, { status: EXIT.general, error: thrown.message }));
    }
    if (request.log === false) return { logId: null, ended: runUnlogged(prepared, request) };
    const begun = await begin(prepared, request);
    if (begun === null) return atOnce(refuse(subjects, request, values, ALREADY_RUNNING));
    const ended = carryOut(prepared, request, begun);
    keepUntilEnd(state, ended);
    return { logId: begun.logId, ended };
  }

  /** The log of a run that did not begin. */
  async function refuse(
    { server, command }: Pick<PreparedCommand, "server" | "command">,
    request: CommandRun,
    variableValues: VariableValues,
    { status, error, skipped = false }: { readonly status: number; readonly error: string; readonly skipped?: boolean },
  ): Promise<CommandEnd> {
    const end = { status, response: null, error, variableValues };
    if (request.log === false) return { logId: null, ...end };
    const now = clock.now();
    const row: NewCommandLog = {
      ...describeRun(
        { server, command, sudo: "off", code: command.code ?? "", path: request.path ?? command.path },
        request,
        variableValues,
        now,
      ),
      is_running: 0,
      is_exclusive: 0,
      is_skipped: skipped ? 1 : 0,
      condition: request.line?.condition ?? null,
      finish_date: now,
      duration_ms: 0,
      command_status: status,
      command_error: error,
    };
    return { logId: await insertLog(() => insertCommandLog(db.main, row)), ...end };
  }

  async function runUnlogged(prepared: PreparedCommand, request: CommandRun): Promise<CommandEnd> {
    const { server, command, variableValues } = prepared;
    if (command.allow_parallel_run === 0 && (await isCommandRunning(db.main, server.id, command.id)))
      return { logId: null, ...ALREADY_RUNNING, variableValues };
    const output = request.onOutput && maskOutput(prepared.hidden, request.onOutput);
    const end = await perform(prepared, request, null, output?.onOutput);
    output?.end();
    return { logId: null, ...end, variableValues: end.variableValues ?? variableValues };
  }

  async function carryOut(prepared: PreparedCommand, request: CommandRun, begun: Begun): Promise<CommandEnd> {
    const { logId } = begun;
    const stop = new AbortController();
    state.commands.set(logId, stop);
    const live = watch(prepared, request, logId, stop);
    const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal;
    try {
      const end = await perform(prepared, { ...request, signal }, logId, live.onOutput).catch(admitFailure);
      await live.stop();
      return await finish(begun, { variableValues: prepared.variableValues, ...end });
    } catch (thrown) {
      // The end cannot be written: whoever takes the job says so when it can.
      if (begun.jobId !== null) await tools.jobs.giveBack(begun.jobId);
      throw thrown;
    } finally {
      state.commands.delete(logId);
    }
  }

  function admitFailure(thrown: unknown): ActionEnd {
    logger.error({ err: coerceError(thrown) }, "a command failed in the tower");
    return { status: EXIT.general, response: null, error: "The tower failed: its own log says how" };
  }

  /** @returns null when another run of the same stands in the way */
  async function begin(prepared: PreparedCommand, request: CommandRun): Promise<Begun | null> {
    const { server, command } = prepared;
    const exclusive = command.allow_parallel_run === 0;
    const row: NewCommandLog = {
      ...describeRun(prepared, request, prepared.variableValues, clock.now()),
      is_running: 1,
      is_exclusive: exclusive ? 1 : 0,
      is_skipped: 0,
    };
    try {
      return await insertLog(() =>
        db.main.transaction().execute(async (trx) => {
          if (exclusive && (await isCommandRunning(trx, server.id, command.id))) return null;
          const logId = await insertCommandLog(trx, row);
          const jobId = request.line ? null : await tools.jobs.addTaken(trx, COMMAND_JOB, { logId });
          return { logId, jobId };
        }),
      );
    } catch (thrown) {
      if (isUniqueViolation(thrown)) return null;
      throw thrown;
    }
  }

  function watch(prepared: PreparedCommand, request: CommandRun, logId: number, stop: AbortController): LiveLog {
    return createLiveLog({
      secrets: prepared.hidden,
      onOutput: request.onOutput,
      onStopped: () => stop.abort(),
      logger,
      async write({ response, error }) {
        const { line } = request;
        if (line && !(await isRunning(db.main, "plan_logs", line.planLogId))) return false;
        return response === null && error === null
          ? isRunning(db.main, "command_logs", logId)
          : updateRunningCommand(db.main, logId, { command_response: response, command_error: error });
      },
    });
  }

  /** What goes wrong is the end of the run; only a fault of the tower itself is thrown. */
  async function perform(
    prepared: PreparedCommand,
    request: CommandRun,
    logId: number | null,
    onOutput: CommandRun["onOutput"],
  ): Promise<ActionEnd> {
    const action = actions[prepared.command.action];
    const mask = createMasker(prepared.hidden);
    const end = await action({ prepared, request, logId, ...(onOutput && { onOutput }) });
    const isClosing = state.closing.signal.aborted && end.status === EXIT.commandStopped;
    const error = isClosing ? joinLines(end.error, "The tower was closing") : end.error;
    const show = (text: string | null) => text && mask(text).replaceAll("\0", "");
    const masked = { ...end, response: show(end.response), error: show(error) };
    const { server_status: status } = prepared.command;
    if (end.status !== 0 || status === null) return masked;
    const problem = await setServerStatus(prepared, request, status);
    return problem === null ? masked : { ...masked, error: joinLines(masked.error, problem) };
  }

  /** With the rights of the user. @returns why it was not set */
  async function setServerStatus(
    { server }: PreparedCommand,
    { user }: CommandRun,
    status: string,
  ): Promise<string | null> {
    const model = tools.models.get("server");
    try {
      await tools.records.transactionById(
        (operations) => operations.update(model, server.id, { status }, toActor(user)),
        { keep: true, models: [model] },
      );
      return null;
    } catch (thrown) {
      if (!(thrown instanceof HooktowerError)) throw thrown;
      return `The status of the server was not set: ${thrown.message}`;
    }
  }

  async function finish(
    { logId, jobId }: Begun,
    end: ActionEnd & { readonly variableValues: VariableValues },
  ): Promise<CommandEnd> {
    const wasRunning = await db.main.transaction().execute(async (trx) => {
      if (jobId !== null) await tools.jobs.finish(trx, jobId);
      return endCommandLog(trx, logId, clock.now(), {
        command_status: end.status,
        command_response: end.response,
        command_error: end.error,
        variable_values: JSON.stringify(end.variableValues),
      });
    });
    // Somebody stopped it: the log has said so already, and that stands.
    return { logId, ...end, ...(!wasRunning && { status: EXIT.commandStopped }) };
  }

  function recordSkipped(request: CommandRun): Promise<CommandEnd> {
    const read = readingOf(tools, request.unit);
    return readSubjects(read, request).then((subjects) =>
      refuse(subjects, request, request.variableValues ?? {}, {
        status: EXIT.conditionFalse,
        error: "Plan line condition check failed.",
        skipped: true,
      }),
    );
  }

  return { start, recordSkipped };
}

/** A run that has ended before it began. */
async function atOnce(refused: Promise<CommandEnd>): Promise<StartedCommand> {
  const end = await refused;
  return { logId: end.logId, ended: Promise.resolve(end) };
}

const INCOMPATIBLE = {
  status: EXIT.commandIncompatible,
  error: "Command is not compatible with the server",
} as const;

const ALREADY_RUNNING = {
  status: EXIT.commandRunning,
  response: null,
  error: "Another instance of the command is already running",
} as const;

type Described = Pick<PreparedCommand, "server" | "command" | "sudo" | "code" | "path">;

/** The columns that every command log begins with. */
function describeRun(
  { server, command, sudo, code, path }: Described,
  { user, label, line }: CommandRun,
  variableValues: VariableValues,
  now: number,
) {
  return {
    create_date: now,
    write_date: now,
    create_uid: user.id || null,
    user_id: user.id || null,
    name: `${server.name}: ${command.name}`,
    label: label ?? null,
    server_id: server.id,
    command_id: command.id,
    access_level: command.access_level,
    command_action: command.action,
    start_date: now,
    path,
    code,
    use_sudo: sudo === "off" ? null : sudo,
    plan_log_id: line?.planLogId ?? null,
    plan_line_id: line?.lineId ?? null,
    variable_values: JSON.stringify(variableValues),
  };
}

function joinLines(text: string | null, line: string): string {
  return text ? `${text}\n${line}` : line;
}

/** @throws HooktowerError `conflict` for a server that only the code that asks knows so far */
export async function insertLog<T>(insert: () => Promise<T>): Promise<T> {
  try {
    return await insert();
  } catch (thrown) {
    if (!isForeignKeyViolation(thrown)) throw thrown;
    throw new HooktowerError(
      "conflict",
      "The server or command was made by this very run: it can be used when the run has ended",
    );
  }
}
