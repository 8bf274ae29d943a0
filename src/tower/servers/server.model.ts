import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import {
  flag,
  integer,
  json,
  longText,
  many2many,
  many2one,
  one2many,
  secret,
  selection,
  text,
  textOf,
} from "../../records/field.ts";
import { defineModel, type RecordChange } from "../../records/model.ts";
import { roleFields, SERVER_STATUSES, tagsField } from "../fields.ts";
import { keyModel } from "../keys/key.model.ts";
import { isListedUser, managedByRoles } from "../rules.ts";

const MANAGER = { group: "manager" } as const;

export const serverModel = defineModel({
  name: "server",
  table: "servers",
  label: "Server",
  labelPlural: "servers",
  help: "A machine that commands run on over SSH.",
  fields: {
    name: text({ label: "Name", required: true }),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    color: integer({ label: "Color", minimum: 0, maximum: 100 }),
    status: selection({ label: "Status", options: SERVER_STATUSES, yaml: false, copy: false }),
    ip_v4_address: text({ label: "IPv4 address", help: "An address or a host name.", ...MANAGER }),
    ip_v6_address: text({ label: "IPv6 address", help: "Used when there is no IPv4 address.", ...MANAGER }),
    url: text({ label: "URL" }),
    os_id: many2one("os", { label: "Operating system", ...MANAGER }),
    tag_ids: tagsField("server", "server_id"),
    note: longText({ label: "Note" }),
    metadata: json({ label: "Metadata", help: "A JSON object that code keeps with the server.", copy: false }),
    ssh_port: integer({ label: "SSH port", minimum: 1, maximum: 65_535, required: true, default: 22, ...MANAGER }),
    ssh_username: text({ label: "SSH user", required: true, default: "root", ...MANAGER }),
    ssh_password: secret({
      label: "SSH password",
      help: "Kept encrypted. It can be replaced, never read.",
      ...MANAGER,
    }),
    ssh_key_id: many2one("key", { label: "SSH key", ...MANAGER }),
    ssh_auth_mode: selection({
      label: "SSH authentication",
      options: { p: "Password", k: "Key" },
      required: true,
      default: "p",
      ...MANAGER,
    }),
    use_sudo: selection({
      label: "Use sudo",
      help: "Empty: commands run as the SSH user.",
      options: { n: "Without password", p: "With password" },
      ...MANAGER,
    }),
    host_key: secret({
      label: "Host key",
      help: "The server's public key in base64, as `ssh-keyscan` gives it. Connections to any other are refused.",
      copy: false,
      ...MANAGER,
    }),
    skip_host_key: flag({
      label: "Do not check the host key",
      help: "Anybody between could be the server.",
      required: true,
      default: false,
    }),
    variable_value_ids: one2many("variable_value", "server_id", { label: "Variable values" }),
    secret_ids: one2many("key_value", "server_id", { label: "Secrets", ...MANAGER }),
    server_log_ids: one2many("server_log", "server_id", { label: "Server logs" }),
    shortcut_ids: many2many("shortcut", ["server_shortcuts", "server_id", "shortcut_id"], { label: "Shortcuts" }),
    scheduled_task_ids: many2many("scheduled_task", ["server_scheduled_tasks", "server_id", "scheduled_task_id"], {
      label: "Scheduled tasks",
    }),
    file_ids: one2many("file", "server_id", { label: "Files" }),
    command_ids: many2many("command", ["command_servers", "server_id", "command_id"], { label: "Commands" }),
    plan_ids: many2many("plan", ["plan_servers", "server_id", "plan_id"], { label: "Flight plans" }),
    plan_delete_id: many2one("plan", { label: "Plan on deletion", onDelete: "empty", ...MANAGER }),
    server_template_id: many2one("server_template", {
      label: "Template",
      onDelete: "empty",
      yaml: false,
      readonly: true,
    }),
    ...roleFields("server", "server_id"),
  },
  access: { user: { read: isListedUser }, manager: managedByRoles, root: FULL_ACCESS },
  deletedLater: "Its plan on deletion runs; the server is deleted when that has ended with 0",
  check: checkConnection,
  order: [{ column: "name", descending: false }],
});

/** In the original's words. */
async function checkConnection({ before, after, find, fromFile }: RecordChange): Promise<readonly FieldError[]> {
  if (after === null || fromFile) return [];
  const server = textOf(after["name"]);
  const errors: FieldError[] = [];
  if (!after["ip_v4_address"] && !after["ip_v6_address"])
    errors.push({ path: "ip_v4_address", message: `Please provide IPv4 or IPv6 address for ${server}` });
  if (after["ssh_auth_mode"] === "k") {
    if (!after["ssh_key_id"]) errors.push({ path: "ssh_key_id", message: `Please provide SSH Key for ${server}` });
  } else if (before?.["ssh_auth_mode"] === "k" && !after["ssh_password"] && !before["has_ssh_password"]) {
    errors.push({ path: "ssh_password", message: `Please provide SSH password for ${server}` });
  }
  return [...errors, ...(await checkKeyType(after, find))];
}

async function checkKeyType(
  after: NonNullable<RecordChange["after"]>,
  find: RecordChange["find"],
): Promise<readonly FieldError[]> {
  const reference = after["ssh_key_id"];
  if (typeof reference !== "string") return [];
  const key = await find(keyModel, reference);
  return key && key["key_type"] !== "k"
    ? [{ path: "ssh_key_id", message: `${reference} is a secret, not an SSH key` }]
    : [];
}
