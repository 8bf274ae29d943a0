import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import { any, through } from "../../records/condition.ts";
import { datetime, flag, integer, json, longText, many2many, many2one, selection, text } from "../../records/field.ts";
import { defineModel, type RecordChange, type RecordValues } from "../../records/model.ts";
import { actionField, roleFields } from "../fields.ts";
import { isListed, managedByRoles } from "../rules.ts";
import { checkTarget } from "../servers/shortcut.model.ts";
import { describeCronProblem, isTimeZone } from "./next-call.ts";

const INTERVALS = {
  minutes: "Minutes",
  hours: "Hours",
  days: "Days",
  weeks: "Weeks",
  months: "Months",
  years: "Years",
  dow: "Weekdays",
  cron: "Cron expression",
} as const;

/** From Monday on. */
export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

export const scheduledTaskModel = defineModel({
  name: "scheduled_task",
  table: "scheduled_tasks",
  label: "Scheduled task",
  labelPlural: "scheduled tasks",
  help: "A command or flight plan that runs again and again on servers, as the user who made the task.",
  fields: {
    name: text({ label: "Name", required: true }),
    sequence: integer({ label: "Sequence", minimum: 0, maximum: 1_000_000, required: true, default: 10 }),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    action: actionField(),
    command_id: many2one("command", { label: "Command" }),
    plan_id: many2one("plan", { label: "Flight plan" }),
    interval_number: integer({ label: "Every", minimum: 1, maximum: 1_000_000, required: true, default: 1 }),
    interval_type: selection({ label: "Unit", options: INTERVALS, required: true, default: "months" }),
    ...weekdayFields(),
    cron_expression: text({
      label: "Cron expression",
      help: "Minute, hour, day, month, weekday: 30 6 * * MON-FRI. Used when the unit is a cron expression.",
    }),
    time_zone: text({
      label: "Time zone",
      help: "Whose days and hours these are, e.g. Europe/Berlin.",
      required: true,
      default: "UTC",
    }),
    next_call: datetime({
      label: "Next run",
      help: "Absent: now, or when the cron expression says. The runs after it have its time of day.",
    }),
    last_call: datetime({ label: "Last run", copy: false }),
    variable_values: json({
      label: "Variable values",
      help: 'What variables stand for in these runs: {"branch": "main"}.',
    }),
    warning_message: longText({ label: "Last problem", readonly: true, copy: false, yaml: false }),
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
  check: (change) => [...checkTarget(change), ...checkTiming(change), ...checkVariableValues(change)],
  order: [{ column: "sequence", descending: false }],
});

function weekdayFields() {
  const label = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
  return Object.fromEntries(
    WEEKDAYS.map((name) => [name, flag({ label: label(name), required: true, default: false })]),
  );
}

function checkTiming({ after }: RecordChange): readonly FieldError[] {
  if (after === null) return [];
  const errors: FieldError[] = [];
  const zone = after["time_zone"];
  if (typeof zone === "string" && !isTimeZone(zone))
    errors.push({ path: "time_zone", message: `there is no time zone ${zone}: give a name like Europe/Berlin` });
  if (after["interval_type"] === "cron") errors.push(...checkCron(after["cron_expression"]));
  if (after["interval_type"] === "dow") errors.push(...checkWeekdays(after));
  return errors;
}

function checkCron(expression: RecordValues[string] | undefined): readonly FieldError[] {
  const path = "cron_expression";
  if (typeof expression !== "string") return [{ path, message: "is required for this unit" }];
  const problem = describeCronProblem(expression);
  return problem === null ? [] : [{ path, message: problem }];
}

function checkWeekdays(after: RecordValues): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!WEEKDAYS.some((name) => after[name] === true))
    errors.push({ path: "monday", message: "choose at least one weekday" });
  if (!after["next_call"])
    errors.push({ path: "next_call", message: "is required for weekdays: its time of day is that of the runs" });
  return errors;
}

function checkVariableValues({ after }: RecordChange): readonly FieldError[] {
  const values = after?.["variable_values"] ?? null;
  if (values === null || (typeof values === "object" && !Array.isArray(values))) return [];
  return [{ path: "variable_values", message: 'must be a mapping of variables to values: {"branch": "main"}' }];
}
