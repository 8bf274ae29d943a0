import { compare, type Condition } from "../../records/condition.ts";
import type { OperationsById } from "../../records/by-id.ts";
import type { Actor } from "../../records/access.ts";
import type { Model, ModelRegistry } from "../../records/model.ts";
import { GuestError, type Json } from "../../sandbox/sandbox.ts";
import { assertActs, onlyOne, readArguments, toText } from "./arguments.ts";
import type { RecordMethod, TowerMethods } from "./record-calls.ts";
import type { RecordUnit } from "./unit.ts";

const NOT_FOUND = -101;

/** The methods of the `tower` helper that have to do with variables, as in the original. */
export function variableTowerMethods(models: ModelRegistry): TowerMethods {
  const server = models.get("server");
  const variable = models.get("variable");

  async function find(model: Model, reference: string, unit: RecordUnit): Promise<number | null> {
    return unit.read((operations) => operations.findByReference(model, reference, unit.actor));
  }

  return {
    async server_get_variable_value(call) {
      const [serverReference, variableReference, checkGlobal] = readArguments(call, [
        "server_reference",
        "variable_reference",
        "check_global",
      ]);
      const { unit } = call;
      const serverId = await find(server, toText(serverReference), unit);
      const variableId = await find(variable, toText(variableReference), unit);
      if (serverId === null || variableId === null) return null;
      return readValue(models, variableId, serverId, checkGlobal !== false, unit);
    },
    async server_set_variable_value(call) {
      const [serverReference, variableReference, value] = readArguments(call, [
        "server_reference",
        "variable_reference",
        "value",
      ]);
      const { unit } = call;
      const serverId = await find(server, toText(serverReference), unit);
      if (serverId === null) return { exit_code: NOT_FOUND, message: "Server not found" };
      const variableId = await find(variable, toText(variableReference), unit);
      if (variableId === null) return { exit_code: NOT_FOUND, message: "Variable not found" };
      const done = await writeValue(models, variableId, serverId, value ?? null, unit);
      return { exit_code: 0, message: `Variable value ${done}` };
    },
  };
}

/** The methods of servers that have to do with variables, by the names of newer releases of the original. */
export function variableServerMethods(models: ModelRegistry): Readonly<Record<string, RecordMethod>> {
  const variable = models.get("variable");

  async function getVariable(reference: Json | undefined, unit: RecordUnit): Promise<number | null> {
    return unit.read((operations) => operations.findByReference(variable, toText(reference), unit.actor));
  }

  return {
    async get_variable_value({ ids }, call) {
      const [reference, noFallback] = readArguments(call, ["variable_reference", "no_fallback"]);
      const variableId = await getVariable(reference, call.unit);
      return variableId === null ? null : readValue(models, variableId, onlyOne(ids), noFallback !== true, call.unit);
    },
    async set_variable_value({ ids }, call) {
      const [reference, value] = readArguments(call, ["variable_reference", "value"]);
      const variableId = await getVariable(reference, call.unit);
      if (variableId === null) throw new GuestError("ValidationError", `There is no variable ${toText(reference)}`);
      await writeValue(models, variableId, onlyOne(ids), value ?? null, call.unit);
      return null;
    },
  };
}

/** The stored text, neither rendered nor modified; an empty value of the server falls back to the global one. */
async function readValue(
  models: ModelRegistry,
  variableId: number,
  serverId: number,
  checkGlobal: boolean,
  unit: RecordUnit,
): Promise<string | null> {
  const values = models.get("variable_value");
  return unit.read(async (operations) => {
    const own = await findText(values, ofServer(variableId, serverId), operations, unit.actor);
    if (own !== null || !checkGlobal) return own;
    return findText(values, ofNothing(variableId), operations, unit.actor);
  });
}

async function findText(
  values: Model,
  condition: Condition,
  operations: OperationsById,
  actor: Actor,
): Promise<string | null> {
  const ids = await operations.search(values, condition, { limit: 1 }, actor);
  const [found] = await operations.read(values, ids, actor);
  const text = found?.row["value_char"];
  return typeof text === "string" && text !== "" ? text : null;
}

async function writeValue(
  models: ModelRegistry,
  variableId: number,
  serverId: number,
  value: Json,
  unit: RecordUnit,
): Promise<"created" | "updated"> {
  assertActs({ unit });
  const model = models.get("variable_value");
  const text = value === null || value === false ? null : toText(value);
  const [known] = await unit.read((operations) =>
    operations.search(model, ofServer(variableId, serverId), { limit: 1 }, unit.actor),
  );
  if (known !== undefined) {
    await unit.change({
      model,
      makes: 0,
      touches: 1,
      apply: (operations) => operations.update(model, known, { value_char: text }, unit.actor),
    });
    return "updated";
  }
  await unit.change({
    model,
    makes: 1,
    touches: 1,
    async apply(operations, [id = 0]) {
      const references = {
        variable_id: (await operations.findReferences(models.get("variable"), [variableId])).get(variableId) ?? "",
        server_id: (await operations.findReferences(models.get("server"), [serverId])).get(serverId) ?? "",
      };
      await operations.create(model, { ...references, value_char: text }, unit.actor, id);
    },
  });
  return "created";
}

function ofServer(variableId: number, serverId: number): Condition {
  return { all: [compare("variable_id", "=", variableId), compare("server_id", "=", serverId)] };
}

function ofNothing(variableId: number): Condition {
  const owners = ["server_id", "server_template_id", "plan_line_action_id"];
  return { all: [compare("variable_id", "=", variableId), ...owners.map((owner) => compare(owner, "=", null))] };
}
