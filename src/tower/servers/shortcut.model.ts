import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import { all, any, through } from "../../records/condition.ts";
import { accessLevel, flag, integer, longText, many2many, many2one, text } from "../../records/field.ts";
import { defineModel, type RecordChange } from "../../records/model.ts";
import { actionField } from "../fields.ts";
import { isListed, isListedUser, upTo } from "../rules.ts";

export const shortcutModel = defineModel({
  name: "shortcut",
  table: "shortcuts",
  label: "Shortcut",
  labelPlural: "shortcuts",
  help: "A command or flight plan that can be started from a server with one click.",
  fields: {
    name: text({ label: "Name", required: true }),
    sequence: integer({ label: "Sequence", minimum: 0, maximum: 1_000_000, required: true, default: 10 }),
    access_level: accessLevel(),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    action: actionField(),
    command_id: many2one("command", { label: "Command" }),
    plan_id: many2one("plan", { label: "Flight plan" }),
    use_sudo: flag({ label: "Use sudo", required: true, default: false }),
    note: longText({ label: "Note" }),
    server_ids: many2many("server", ["server_shortcuts", "shortcut_id", "server_id"], {
      label: "Servers",
      yaml: false,
    }),
    server_template_ids: many2many(
      "server_template",
      ["server_template_shortcuts", "shortcut_id", "server_template_id"],
      {
        label: "Server templates",
        yaml: false,
      },
    ),
  },
  access: {
    user: { read: all(upTo("user"), through("server_ids", isListedUser)) },
    manager: {
      read: all(upTo("manager"), any(through("server_ids", isListed), through("server_template_ids", isListed))),
    },
    root: FULL_ACCESS,
  },
  check: checkTarget,
  order: [{ column: "sequence", descending: false }],
});

/** What is started must be named. */
export function checkTarget({ after }: RecordChange): readonly FieldError[] {
  if (after === null) return [];
  const path = after["action"] === "plan" ? "plan_id" : "command_id";
  return after[path] ? [] : [{ path, message: "is required for this action" }];
}
