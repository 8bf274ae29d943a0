import {
  assertActs,
  onlyOne,
  readOpenArguments,
  recordSet,
  toMapping,
  toRecordIds,
  toText,
} from "../../guest/records/arguments.ts";
import type { MethodCall, RecordMethod, RecordMethods, TowerMethods } from "../../guest/records/record-calls.ts";
import { mapLimited } from "../../lib/map-limited.ts";
import { waitAtMost } from "../../lib/wait-at-most.ts";
import type { ModelRegistry } from "../../records/model.ts";
import { GuestError, type Json } from "../../sandbox/sandbox.ts";
import { assertMayStop } from "./rights.ts";
import { EXIT } from "./exit-codes.ts";
import type { Runs, VariableValues } from "./runs.ts";

/** Of the servers of one record set. SSH itself has a limit too; this one is for what a run takes beside it. */
const SERVERS_AT_ONCE = 16;

const COMMAND = "cx.tower.command";
const PLAN = "cx.tower.plan";
const PLAN_LOG = "cx.tower.plan.log";

/** What snippets run with: methods of servers, and of the logs of what runs. */
export function runMethods(runs: Runs, models: ModelRegistry): RecordMethods {
  const { findOrFail } = createFinder(models);

  const run_command: RecordMethod = async ({ ids }, call) => {
    assertActs(call);
    const { given, rest } = readOpenArguments(call, ["command", "path", "sudo", "ssh_connection"]);
    const [command, path, sudo] = given;
    const commandId = await findOrFail("command", COMMAND, command, call);
    const wanted = {
      commandId,
      path: typeof path === "string" ? path : null,
      ...(sudo === false && { sudo: false }),
      variableValues: readValues(rest["variable_values"]),
      label: readLabel(rest["log"]),
    };
    if (call.context["no_command_log"] === true) return runUnlogged(runs, onlyOne(ids), wanted, call);
    await mapLimited(ids, SERVERS_AT_ONCE, async (serverId) => {
      const { ended } = await runs.startCommand({ ...wanted, serverId, user: call.user, unit: call.unit });
      await waitFor(ended, call);
    });
    return null;
  };

  const run_flight_plan: RecordMethod = async ({ ids }, call) => {
    assertActs(call);
    const { given, rest } = readOpenArguments(call, ["flight_plan", "wait"]);
    const [flightPlan = rest["plan"], wait] = given;
    const planId = await findOrFail("plan", PLAN, flightPlan, call);
    const logIds = await mapLimited(ids, SERVERS_AT_ONCE, async (serverId) => {
      const { logId, ended } = await runs.startPlan({
        serverId,
        planId,
        user: call.user,
        unit: call.unit,
        callId: call.callId,
        variableValues: readValues(rest["variable_values"]),
        label: readLabel(rest["plan_log"]),
      });
      if (wait !== false) await waitFor(ended, call);
      return logId;
    });
    return recordSet(PLAN_LOG, logIds);
  };

  const stop =
    (end: Runs["stopPlan"]): RecordMethod =>
    async ({ model, ids }, call) => {
      assertActs(call);
      for (const id of ids) {
        await call.unit.read((operations) => assertMayStop(operations, models, model.name, id, call.unit.actor));
        await end(id, call.user);
      }
      return true;
    };

  return {
    server: { run_command, run_flight_plan },
    plan_log: { stop: stop(runs.stopPlan) },
    command_log: { stop: stop(runs.stopCommand) },
  };
}

/** The methods of the `tower` helper that run something. */
export function runTowerMethods(runs: Runs, models: ModelRegistry): TowerMethods {
  const { find } = createFinder(models);

  return {
    async server_run_command(call) {
      assertActs(call);
      const { given, rest } = readOpenArguments(call, ["server_reference", "command_reference", "get_result"]);
      const [server, command, getResult] = given;
      const serverId = await find("server", toText(server), call);
      if (serverId === null) return { exit_code: EXIT.notFound, message: "Server not found" };
      const commandId = await find("command", toText(command), call);
      if (commandId === null) return { exit_code: EXIT.notFound, message: "Command not found" };
      const { variable_values: given_values, path, sudo, log } = rest;
      const wanted = {
        commandId,
        path: typeof path === "string" ? path : null,
        ...(sudo === false && { sudo: false }),
        variableValues: readValues(given_values),
        label: readLabel(log),
      };
      if (getResult === false) {
        const { ended } = await runs.startCommand({ ...wanted, serverId, user: call.user, unit: call.unit });
        await waitFor(ended, call);
        return null;
      }
      const { status, response, error } = await runUnlogged(runs, serverId, wanted, call);
      return { exit_code: status, message: response ?? error };
    },
    async server_run_flight_plan(call) {
      assertActs(call);
      const { given, rest } = readOpenArguments(call, ["server_reference", "flight_plan_reference"]);
      const [server, plan] = given;
      const serverId = await find("server", toText(server), call);
      const planId = await find("plan", toText(plan), call);
      if (serverId === null || planId === null) return false;
      const { logId, ended } = await runs.startPlan({
        serverId,
        planId,
        user: call.user,
        unit: call.unit,
        callId: call.callId,
        variableValues: rest,
      });
      await waitFor(ended, call);
      return recordSet(PLAN_LOG, [logId]);
    },
  };
}

interface WantedCommand {
  readonly commandId: number;
  readonly path: string | null;
  readonly sudo?: boolean;
  readonly variableValues: VariableValues;
  readonly label: string | null;
}

/** There is no log to look at later, so it must end while the code can still get the answer. */
async function runUnlogged(
  runs: Runs,
  serverId: number,
  wanted: WantedCommand,
  call: MethodCall,
): Promise<{ readonly status: number; readonly response: string | null; readonly error: string | null }> {
  const { user, unit, signal } = call;
  const timeoutMs = Math.ceil(Math.max(1, waitMs(call)));
  const { status, response, error } = await runs.runCommand({
    ...wanted,
    serverId,
    user,
    unit,
    signal,
    timeoutMs,
    log: false,
  });
  return { status, response, error };
}

/** How long code can be kept waiting, so that it can still answer afterwards. */
function waitMs({ remainingMs }: MethodCall): number {
  const remaining = Math.max(0, remainingMs());
  return remaining - Math.min(2000, remaining / 5);
}

/** Until it has ended, or the code has to go on: what it waits for goes on then without it. */
function waitFor(ended: Promise<unknown>, call: MethodCall): Promise<void> {
  return waitAtMost(ended, waitMs(call), call.signal);
}

function createFinder(models: ModelRegistry) {
  async function find(name: "server" | "command" | "plan", reference: string, { unit }: MethodCall) {
    return unit.read((operations) => operations.findByReference(models.get(name), reference, unit.actor));
  }

  /** A record, or its reference. @throws GuestError */
  async function findOrFail(
    name: "command" | "plan",
    longName: string,
    given: Json | undefined,
    call: MethodCall,
  ): Promise<number> {
    if (typeof given !== "string") return onlyOne(toRecordIds(given, longName, name), longName);
    const id = await find(name, given, call);
    if (id === null) throw new GuestError("MissingError", `There is no ${name} ${given}`);
    return id;
  }

  return { find, findOrFail };
}

function readValues(given: Json | undefined): VariableValues {
  return toMapping(given, "variable_values");
}

/** `log={"label": …}` and `plan_log={"label": …}`; what else such mappings hold, the tower knows by itself. */
function readLabel(given: Json | undefined): string | null {
  const { label } = toMapping(given, "log");
  return typeof label === "string" && label !== "" ? label.slice(0, MAX_LABEL_LENGTH) : null;
}

const MAX_LABEL_LENGTH = 200;
