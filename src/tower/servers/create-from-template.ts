import type { CodeUser } from "../../guest/guest.ts";
import { HooktowerError, invalid, type FieldError } from "../../lib/errors.ts";
import type { Actor } from "../../records/access.ts";
import { secretContext } from "../../records/codec.ts";
import { textOf, type FieldValue } from "../../records/field.ts";
import { findField, type RecordValues } from "../../records/model.ts";
import type { RecordOperations } from "../../records/records.ts";
import { elevate, toActor } from "../runs/rights.ts";
import type { RunTools } from "../runs/run-tools.ts";
import {
  chooseVariableValues,
  type ConfigurationVariables,
  type ServerValue,
  type TemplateValue,
} from "./configuration-variables.ts";
import { copyServerLogs } from "./copy-server-logs.ts";
import { readServerTemplate, setServerTemplate } from "./servers.store.ts";

/**
 * `configurationVariables`: reference of a variable → its value on the server; a variable that there is not is
 * made. `pickAllTemplateVariables` false: the server gets none of the template's values but those.
 */
export interface NewServerRequest extends ConfigurationVariables {
  /** Reference of a template that the user may read. */
  readonly template: string;
  readonly name: string;
  /** Fields of the server, before those of the template. */
  readonly values?: RecordValues;
  readonly user: CodeUser;
}

export interface NewServer {
  readonly id: number;
  readonly reference: string;
  /** To be run on it now: whoever asked does that. */
  readonly flightPlanId: number | null;
}

type Tools = Pick<RunTools, "records" | "models" | "cipher">;

/** What a server takes from its template as it is. */
const COPIED = [
  "color",
  "ssh_port",
  "ssh_username",
  "ssh_key_id",
  "ssh_auth_mode",
  "use_sudo",
  "os_id",
  "tag_ids",
  "shortcut_ids",
  "scheduled_task_ids",
  "plan_delete_id",
  "note",
] as const;

/**
 * Makes a server with all that its template has: fields, values, logs, shortcuts, tasks. The template's parts are
 * copied whether or not the user may see them; what the user adds must be theirs to use. Whoever makes the
 * server becomes its user and, from Manager on, its manager. The way to the server is not checked: its address
 * may come from the plan.
 *
 * @throws HooktowerError `not_found` for the template; `invalid`, among others for variables that it requires
 */
export async function createServerFromTemplate(tools: Tools, request: NewServerRequest): Promise<NewServer> {
  const { records, models } = tools;
  const { user, values = {} } = request;
  const model = models.get("server_template");
  const templateId = await records.byId.findByReference(model, request.template, toActor(user));
  if (templateId === null) throw new HooktowerError("not_found", `There is no server template ${request.template}`);
  const errors = await findForbidden(tools, values, toActor(user));
  if (errors.length > 0) throw invalid(errors);
  const [id = 0] = await records.reserveIds(models.get("server"), 1);

  return records.transaction(
    async (operations, trx) => {
      const actor = elevate(user);
      const template = await operations.get(model, request.template, actor);
      const chosen = chooseVariableValues(await readValues(operations, tools, template, actor), request);
      const { flight_plan_id: flightPlanId, ssh_password: stored } = await readServerTemplate(trx, templateId);
      const password = stored && tools.cipher.decrypt(stored, secretContext(model, "ssh_password"));
      const fields = { ...copyFields(template), ...(password && { ssh_password: password }), ...rolesOf(user) };
      const given = { ...fields, ...values, name: request.name };
      const server = await operations.create(models.get("server"), given, actor, id);
      const reference = textOf(server["reference"]);
      await setServerTemplate(trx, id, templateId);
      for (const value of chosen) await setValue(operations, tools, value, reference, actor);
      const logs = template["server_log_ids"] as readonly string[];
      await copyServerLogs(operations, models, { logs, server: reference }, actor);
      return { id, reference, flightPlanId };
    },
    { fromFile: true },
  );
}

function copyFields(template: RecordValues): RecordValues {
  const copied = COPIED.map((field) => [field, template[field] ?? null] as const);
  return Object.fromEntries(copied.filter(([, value]) => value !== null));
}

function rolesOf({ login, group }: CodeUser): RecordValues {
  return { user_ids: [login], manager_ids: group === "user" ? [] : [login] };
}

async function readValues(
  operations: RecordOperations,
  { models }: Tools,
  template: RecordValues,
  actor: Actor,
): Promise<TemplateValue[]> {
  const values: TemplateValue[] = [];
  for (const reference of template["variable_value_ids"] as readonly string[]) {
    const value = await operations.get(models.get("variable_value"), reference, actor);
    if (value["active"] === false) continue;
    const { value_char = null, access_level = null, sequence = null, required = null } = value;
    values.push({
      variable: textOf(value["variable_id"]),
      required: required === true,
      fields: { value_char, access_level, sequence, required },
    });
  }
  return values;
}

async function setValue(
  operations: RecordOperations,
  { models }: Tools,
  { variable, fields }: ServerValue,
  server: string,
  actor: Actor,
): Promise<void> {
  const model = models.get("variable");
  const known = await operations.find(model, variable, actor);
  const { reference = null } =
    known ?? (await operations.create(model, { name: variable, reference: variable }, actor));
  await operations.create(
    models.get("variable_value"),
    { ...fields, variable_id: reference, server_id: server },
    actor,
  );
}

/** The server is made with all rights: what its maker points at must be theirs to see. */
async function findForbidden(
  { records, models }: Tools,
  values: RecordValues,
  actor: Actor,
): Promise<readonly FieldError[]> {
  const server = models.get("server");
  const errors: FieldError[] = [];
  for (const [path, value] of Object.entries(values)) {
    const field = findField(server, path);
    if (field === undefined || !("relation" in field) || value === null) continue;
    if (field.kind === "one2many") {
      errors.push({ path, message: "cannot be given here: add it when the server is there" });
      continue;
    }
    const target = models.get(field.relation);
    if (target.openToLinks) continue;
    for (const reference of Array.isArray(value) ? (value as readonly FieldValue[]) : [value]) {
      const found = typeof reference === "string" && (await records.byId.findByReference(target, reference, actor));
      if (typeof found === "number") continue;
      errors.push({ path, message: `there is no ${target.label.toLowerCase()} ${JSON.stringify(reference)}` });
    }
  }
  return errors;
}
