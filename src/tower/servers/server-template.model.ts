import { FULL_ACCESS } from "../../records/access.ts";
import {
  flag,
  integer,
  longText,
  many2many,
  many2one,
  one2many,
  secret,
  selection,
  text,
} from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { roleFields, tagsField } from "../fields.ts";
import { managedByRoles } from "../rules.ts";

export const serverTemplateModel = defineModel({
  name: "server_template",
  table: "server_templates",
  label: "Server template",
  labelPlural: "server templates",
  help: "What new servers of one kind have in common.",
  fields: {
    name: text({ label: "Name", required: true }),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    color: integer({ label: "Color", minimum: 0, maximum: 100 }),
    ssh_port: integer({ label: "SSH port", minimum: 1, maximum: 65_535, required: true, default: 22 }),
    ssh_username: text({ label: "SSH user" }),
    ssh_password: secret({ label: "SSH password" }),
    ssh_key_id: many2one("key", { label: "SSH key" }),
    ssh_auth_mode: selection({
      label: "SSH authentication",
      options: { p: "Password", k: "Key" },
      required: true,
      default: "p",
    }),
    use_sudo: selection({ label: "Use sudo", options: { n: "Without password", p: "With password" } }),
    os_id: many2one("os", { label: "Operating system" }),
    tag_ids: tagsField("server_template", "server_template_id"),
    variable_value_ids: one2many("variable_value", "server_template_id", { label: "Variable values", copy: true }),
    server_log_ids: one2many("server_log", "server_template_id", { label: "Server logs", copy: true }),
    shortcut_ids: many2many("shortcut", ["server_template_shortcuts", "server_template_id", "shortcut_id"], {
      label: "Shortcuts",
    }),
    scheduled_task_ids: many2many(
      "scheduled_task",
      ["server_template_scheduled_tasks", "server_template_id", "scheduled_task_id"],
      { label: "Scheduled tasks" },
    ),
    flight_plan_id: many2one("plan", { label: "Plan for new servers" }),
    plan_delete_id: many2one("plan", { label: "Plan on deletion", onDelete: "empty" }),
    note: longText({ label: "Note" }),
    ...roleFields("server_template", "server_template_id"),
  },
  access: { manager: managedByRoles, root: FULL_ACCESS },
  order: [{ column: "name", descending: false }],
});
