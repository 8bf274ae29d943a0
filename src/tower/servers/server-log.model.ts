import { FULL_ACCESS } from "../../records/access.ts";
import { all, any, through } from "../../records/condition.ts";
import { accessLevel, flag, longText, many2one, selection, text } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { isCreator, isListed, isListedManager, isListedUser, upTo } from "../rules.ts";

const ofOwner = any(through("server_id", isListed), through("server_template_id", isListed));
const ofManager = any(through("server_id", isListedManager), through("server_template_id", isListedManager));

export const serverLogModel = defineModel({
  name: "server_log",
  table: "server_logs",
  label: "Server log",
  labelPlural: "server logs",
  help: "The output of a command, or the content of a file, that is fetched from a server.",
  fields: {
    name: text({ label: "Name", required: true }),
    access_level: accessLevel({ yaml: false }),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    log_type: selection({
      label: "Type",
      options: { command: "Command", file: "File" },
      required: true,
      default: "command",
    }),
    command_id: many2one("command", { label: "Command" }),
    use_sudo: flag({ label: "Use sudo", required: true, default: false }),
    file_id: many2one("file", { label: "File", onDelete: "empty" }),
    file_template_id: many2one("file_template", { label: "File template", onDelete: "empty" }),
    server_id: many2one("server", { label: "Server", onDelete: "cascade", yaml: false }),
    server_template_id: many2one("server_template", { label: "Server template", onDelete: "cascade", yaml: false }),
    log_text: longText({
      label: "Output",
      yaml: false,
      copy: false,
      readonly: "You are not allowed to modify the server log output.",
    }),
  },
  access: {
    user: { read: all(upTo("user"), through("server_id", isListedUser)) },
    manager: {
      read: all(upTo("manager"), ofOwner),
      create: all(upTo("manager"), ofManager),
      update: all(upTo("manager"), ofManager),
      delete: all(upTo("manager"), ofManager, isCreator),
    },
    root: FULL_ACCESS,
  },
});
