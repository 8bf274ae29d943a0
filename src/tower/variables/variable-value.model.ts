import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import { all, any, compare, through, type Condition } from "../../records/condition.ts";
import { accessLevel, flag, integer, many2one, text, textOf } from "../../records/field.ts";
import { defineModel, type RecordChange, type RecordValues } from "../../records/model.ts";
import { isCreator, isListed, isListedManager, isListedUser, upTo } from "../rules.ts";
import { compilePattern, variableModel } from "./variable.model.ts";
import { variableOptionModel } from "./variable-option.model.ts";

/** What a value can belong to; one that belongs to nothing is global. */
const OWNERS = {
  server_id: "server",
  server_template_id: "server_template",
  plan_line_action_id: "plan_line_action",
} as const;

const PLAN = "plan_line_action_id.line_id.plan_id";
const isGlobal: Condition = all(...Object.keys(OWNERS).map((owner) => compare(owner, "=", null)));

function belongsTo(listed: Condition): Condition {
  return any(
    through("server_id", listed),
    through("server_template_id", listed),
    through(PLAN, listed),
    through(`${PLAN}.server_ids`, listed),
  );
}

const ofManager: Condition = all(
  upTo("manager"),
  any(
    through("server_id", isListedManager),
    through("server_template_id", isListedManager),
    through(PLAN, isListedManager),
  ),
);

export const variableValueModel = defineModel({
  name: "variable_value",
  table: "variable_values",
  label: "Variable value",
  labelPlural: "variable values",
  help: "What a variable stands for: everywhere, on one server, or from one action of a plan on.",
  fields: {
    variable_id: many2one("variable", { label: "Variable", required: true, onDelete: "cascade" }),
    value_char: text({ label: "Value", help: "May hold other {{ variables }}." }),
    access_level: accessLevel(),
    sequence: integer({ label: "Sequence", minimum: 0, maximum: 1_000_000, required: true, default: 10 }),
    required: flag({
      label: "Required",
      help: "New servers of a template must set it.",
      required: true,
      default: false,
    }),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    server_id: many2one("server", { label: "Server", onDelete: "cascade", yaml: false }),
    server_template_id: many2one("server_template", { label: "Server template", onDelete: "cascade", yaml: false }),
    plan_line_action_id: many2one("plan_line_action", { label: "Plan line action", onDelete: "cascade", yaml: false }),
  },
  derivedReference: { parents: ["variable_id", ...Object.keys(OWNERS)], make: makeReference, numbered: false },
  configuration: true,
  access: {
    user: {
      read: all(
        upTo("user"),
        any(
          isGlobal,
          through("server_id", isListedUser),
          through(PLAN, isListedUser),
          through(`${PLAN}.server_ids`, isListedUser),
        ),
      ),
    },
    manager: {
      read: all(upTo("manager"), any(isGlobal, belongsTo(isListed))),
      create: ofManager,
      update: ofManager,
      delete: all(ofManager, isCreator),
    },
    root: FULL_ACCESS,
  },
  check: checkValue,
  order: [{ column: "sequence", descending: false }],
});

function makeReference(values: RecordValues): string {
  const variable = `${textOf(values["variable_id"])}_variable_value`;
  for (const [field, model] of Object.entries(OWNERS))
    if (values[field]) return `${variable}_${model}_${textOf(values[field])}`;
  return `${variable}_global`;
}

async function checkValue(change: RecordChange): Promise<readonly FieldError[]> {
  const { after, find } = change;
  if (after === null) return [];
  const variable = await find(variableModel, textOf(after["variable_id"]));
  if (!variable) return [];
  const errors = await checkOwner(change, after, variable);
  const value = after["value_char"];
  if (typeof value !== "string") return errors;
  return [...errors, ...checkPattern(value, variable), ...(await checkOption(value, variable, change))];
}

async function checkOwner(
  { before, count }: RecordChange,
  after: RecordValues,
  variable: RecordValues,
): Promise<readonly FieldError[]> {
  const owners = Object.keys(OWNERS).filter((field) => after[field]);
  if (owners.length > 1)
    return [{ path: owners[1] ?? "", message: `a value belongs to one record only: it has ${owners.join(" and ")}` }];
  const place = Object.fromEntries(
    ["variable_id", ...Object.keys(OWNERS)].map((field) => [field, after[field] ?? null]),
  );
  const isSame = before !== null && Object.entries(place).every(([field, value]) => (before[field] ?? null) === value);
  if ((await count(variableValueModel, place)) <= (isSame ? 1 : 0)) return [];
  const name = textOf(variable["name"]);
  const message =
    owners.length === 0
      ? `Only one global value can be defined for variable '${name}'`
      : `Variable '${name}' has a value there already`;
  return [{ path: "variable_id", message }];
}

function checkPattern(value: string, variable: RecordValues): readonly FieldError[] {
  const pattern = variable["validation_pattern"];
  if (typeof pattern !== "string" || compilePattern(pattern)?.test(value) !== false) return [];
  const reason = (variable["validation_message"] as string | null) ?? "Invalid value!";
  return [{ path: "value_char", message: `Variable: ${textOf(variable["name"])}, Value: ${value}\n${reason}` }];
}

async function checkOption(
  value: string,
  variable: RecordValues,
  { count }: RecordChange,
): Promise<readonly FieldError[]> {
  if (variable["variable_type"] !== "o") return [];
  const filters = { variable_id: textOf(variable["reference"]), value_char: value };
  if ((await count(variableOptionModel, filters)) > 0) return [];
  return [{ path: "value_char", message: `is none of the options of ${textOf(variable["name"])}` }];
}
