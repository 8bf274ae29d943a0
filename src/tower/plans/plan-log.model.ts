import { all, through } from "../../records/condition.ts";
import { accessLevel, datetime, flag, integer, json, many2one, one2many, text } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { isCreator, isListed, isListedUser, upTo } from "../rules.ts";

const WRITTEN = { readonly: true, yaml: false } as const;
const STATUS = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

/** Written by the tower alone. */
export const planLogModel = defineModel({
  name: "plan_log",
  table: "plan_logs",
  label: "Plan log",
  labelPlural: "plan logs",
  help: "One run of a flight plan on a server.",
  referenceField: "id",
  fields: {
    name: text({ label: "Name", ...WRITTEN }),
    label: text({ label: "Label", ...WRITTEN }),
    server_id: many2one("server", { label: "Server", onDelete: "cascade", ...WRITTEN }),
    plan_id: many2one("plan", { label: "Flight plan", onDelete: "cascade", ...WRITTEN }),
    access_level: accessLevel(WRITTEN),
    start_date: datetime({ label: "Started", ...WRITTEN }),
    finish_date: datetime({ label: "Finished", ...WRITTEN }),
    duration_ms: integer({ label: "Duration in milliseconds", ...STATUS, ...WRITTEN }),
    is_running: flag({ label: "Is running", ...WRITTEN }),
    is_stopped: flag({ label: "Was stopped", ...WRITTEN }),
    plan_line_executed_id: many2one("plan_line", { label: "Line under way", onDelete: "empty", ...WRITTEN }),
    plan_status: integer({ label: "Status", help: "0 is success; also 0 while it runs.", ...STATUS, ...WRITTEN }),
    custom_message: text({ label: "Message", ...WRITTEN }),
    command_log_ids: one2many("command_log", "plan_log_id", { label: "Command logs", ...WRITTEN }),
    parent_command_log_id: many2one("command_log", {
      label: "Started by command log",
      onDelete: "cascade",
      ...WRITTEN,
    }),
    webhook_log_id: text({ label: "Started by webhook call", ...WRITTEN }),
    variable_values: json({ label: "Values of this run", ...WRITTEN }),
    user_id: many2one("user", { label: "User", onDelete: "empty", ...WRITTEN }),
  },
  access: {
    user: { read: all(upTo("user"), isCreator, through("server_id", isListedUser)) },
    manager: { read: all(upTo("manager"), through("server_id", isListed)) },
    root: { read: true },
  },
  order: [
    { column: "start_date", descending: true },
    { column: "id", descending: true },
  ],
});
