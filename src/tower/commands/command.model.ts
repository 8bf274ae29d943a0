import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import {
  accessLevel,
  code,
  flag,
  longText,
  many2many,
  many2one,
  selection,
  text,
  textOf,
} from "../../records/field.ts";
import { defineModel, type RecordChange } from "../../records/model.ts";
import { roleFields, SERVER_STATUSES, tagsField } from "../fields.ts";
import { sharedManager, sharedUserRead } from "../rules.ts";
import { findRecursion } from "../plans/recursion.ts";

export const COMMAND_ACTIONS = {
  ssh_command: "SSH command",
  python_code: "Python code",
  file_using_template: "File from a template",
  plan: "Flight plan",
} as const;

export const commandModel = defineModel({
  name: "command",
  table: "commands",
  label: "Command",
  labelPlural: "commands",
  help: "What runs on a server.",
  fields: {
    name: text({ label: "Name", required: true }),
    access_level: accessLevel(),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    action: selection({ label: "Action", options: COMMAND_ACTIONS, required: true, default: "ssh_command" }),
    allow_parallel_run: flag({ label: "May run several times at once", required: true, default: false }),
    note: longText({ label: "Note" }),
    os_ids: many2many("os", ["command_os", "command_id", "os_id"], {
      label: "Operating systems",
      help: "For which it is meant.",
    }),
    tag_ids: tagsField("command", "command_id"),
    path: text({ label: "Directory", help: "Where it runs. May hold {{ variables }}." }),
    file_template_id: many2one("file_template", { label: "File template" }),
    if_file_exists: selection({
      label: "If the file exists",
      options: { skip: "Leave it", overwrite: "Overwrite it", raise: "Fail" },
      required: true,
      default: "skip",
    }),
    disconnect_file: flag({ label: "Detach the file from its template", required: true, default: false }),
    flight_plan_id: many2one("plan", { label: "Flight plan" }),
    code: code({
      label: "Code",
      help: "May hold {{ variables }} and #!cxtower.secret.REFERENCE!#.",
      program: ({ action }) => (action === "python_code" ? "python_command" : "text"),
    }),
    server_status: selection({ label: "Server status after success", options: SERVER_STATUSES }),
    no_split_for_sudo: flag({ label: "One sudo for the whole", required: true, default: false }),
    server_ids: many2many("server", ["command_servers", "command_id", "server_id"], {
      label: "Servers",
      help: "Empty: every server.",
      yaml: false,
    }),
    ...roleFields("command", "command_id"),
  },
  access: { user: { read: sharedUserRead }, manager: sharedManager, root: FULL_ACCESS },
  check: checkAction,
  order: [{ column: "name", descending: false }],
});

/** What an action needs, and that a plan does not come to itself. */
async function checkAction(change: RecordChange): Promise<readonly FieldError[]> {
  const { before, after } = change;
  if (after?.["action"] === "file_using_template" && !after["file_template_id"])
    return [{ path: "file_template_id", message: "is required for a command that makes a file" }];
  if (after?.["action"] !== "plan") return [];
  if (!after["flight_plan_id"])
    return [{ path: "flight_plan_id", message: "is required for a command that runs a flight plan" }];
  const own = before === null ? null : textOf(before["reference"]);
  const message = await findRecursion(textOf(after["flight_plan_id"]), ({ command }) => command === own, change);
  return message === null ? [] : [{ path: "flight_plan_id", message }];
}
