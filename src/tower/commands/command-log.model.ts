import { ACTOR, all, compare, through } from "../../records/condition.ts";
import {
  accessLevel,
  datetime,
  flag,
  integer,
  json,
  longText,
  many2one,
  one2many,
  selection,
  text,
} from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { isListed, isListedUser, upTo } from "../rules.ts";
import { COMMAND_ACTIONS } from "./command.model.ts";

const WRITTEN = { readonly: true, yaml: false } as const;
const STATUS = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

/** Written by the tower alone. */
export const commandLogModel = defineModel({
  name: "command_log",
  table: "command_logs",
  label: "Command log",
  labelPlural: "command logs",
  help: "One run of a command on a server.",
  referenceField: "id",
  fields: {
    name: text({ label: "Name", ...WRITTEN }),
    label: text({ label: "Label", ...WRITTEN }),
    server_id: many2one("server", { label: "Server", onDelete: "cascade", ...WRITTEN }),
    command_id: many2one("command", { label: "Command", ...WRITTEN }),
    access_level: accessLevel(WRITTEN),
    command_action: selection({ label: "Action", options: COMMAND_ACTIONS, ...WRITTEN }),
    start_date: datetime({ label: "Started", ...WRITTEN }),
    finish_date: datetime({ label: "Finished", ...WRITTEN }),
    duration_ms: integer({ label: "Duration in milliseconds", ...STATUS, ...WRITTEN }),
    is_running: flag({ label: "Is running", ...WRITTEN }),
    is_skipped: flag({ label: "Was skipped", ...WRITTEN }),
    path: text({ label: "Directory", ...WRITTEN }),
    code: longText({ label: "Code", ...WRITTEN }),
    use_sudo: selection({ label: "Use sudo", options: { n: "Without password", p: "With password" }, ...WRITTEN }),
    condition: text({ label: "Condition", ...WRITTEN }),
    command_status: integer({ label: "Status", help: "0 is success.", ...STATUS, ...WRITTEN }),
    command_response: longText({ label: "Response", ...WRITTEN }),
    command_error: longText({ label: "Error", ...WRITTEN }),
    plan_log_id: many2one("plan_log", { label: "Plan log", onDelete: "cascade", ...WRITTEN }),
    triggered_plan_log_ids: one2many("plan_log", "parent_command_log_id", {
      label: "Plan runs it started",
      ...WRITTEN,
    }),
    variable_values: json({ label: "Values of this run", ...WRITTEN }),
    user_id: many2one("user", { label: "User", onDelete: "empty", ...WRITTEN }),
  },
  access: {
    user: { read: all(upTo("user"), compare("create_uid", "=", ACTOR), through("server_id", isListedUser)) },
    manager: { read: all(upTo("manager"), through("server_id", isListed)) },
    root: { read: true },
  },
  order: [
    { column: "start_date", descending: true },
    { column: "id", descending: true },
  ],
});
