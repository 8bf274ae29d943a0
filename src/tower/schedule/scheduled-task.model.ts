import { FULL_ACCESS } from "../../records/access.ts";
import { any, through } from "../../records/condition.ts";
import { datetime, flag, integer, many2many, many2one, selection, text } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { actionField, roleFields } from "../fields.ts";
import { isListed, managedByRoles } from "../rules.ts";
import { checkTarget } from "../servers/shortcut.model.ts";

const INTERVALS = { minutes: "Minutes", hours: "Hours", days: "Days", weeks: "Weeks", months: "Months" } as const;

export const scheduledTaskModel = defineModel({
  name: "scheduled_task",
  table: "scheduled_tasks",
  label: "Scheduled task",
  labelPlural: "scheduled tasks",
  help: "A command or flight plan that runs again and again on servers.",
  fields: {
    name: text({ label: "Name", required: true }),
    sequence: integer({ label: "Sequence", minimum: 0, maximum: 1_000_000, required: true, default: 10 }),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    action: actionField(),
    command_id: many2one("command", { label: "Command" }),
    plan_id: many2one("plan", { label: "Flight plan" }),
    interval_number: integer({ label: "Every", minimum: 1, maximum: 1_000_000, required: true, default: 1 }),
    interval_type: selection({ label: "Unit", options: INTERVALS, required: true, default: "months" }),
    next_call: datetime({ label: "Next run" }),
    last_call: datetime({ label: "Last run", copy: false }),
    server_ids: many2many("server", ["server_scheduled_tasks", "scheduled_task_id", "server_id"], {
      label: "Servers",
      yaml: false,
    }),
    server_template_ids: many2many(
      "server_template",
      ["server_template_scheduled_tasks", "scheduled_task_id", "server_template_id"],
      { label: "Server templates", yaml: false },
    ),
    ...roleFields("scheduled_task", "scheduled_task_id"),
  },
  access: {
    manager: {
      ...managedByRoles,
      read: any(isListed, through("server_ids", isListed), through("server_template_ids", isListed)),
    },
    root: FULL_ACCESS,
  },
  check: checkTarget,
  order: [{ column: "sequence", descending: false }],
});
