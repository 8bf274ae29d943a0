import { FULL_ACCESS } from "../../records/access.ts";
import { code, flag, longText, selection, text } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { roleFields, tagsField } from "../fields.ts";
import { managedByRoles } from "../rules.ts";

export const FILE_SOURCES = { tower: "Tower", server: "Server" } as const;
export const FILE_TYPES = { text: "Text", binary: "Binary" } as const;

export const fileTemplateModel = defineModel({
  name: "file_template",
  table: "file_templates",
  label: "File template",
  labelPlural: "file templates",
  help: "A file that commands make on servers.",
  fields: {
    name: text({ label: "Name", required: true }),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    source: selection({ label: "Source", options: FILE_SOURCES, required: true, default: "tower" }),
    file_type: selection({ label: "Type", options: FILE_TYPES, required: true, default: "text" }),
    server_dir: text({ label: "Directory on the server" }),
    file_name: text({ label: "File name" }),
    keep_when_deleted: flag({ label: "Keep on the server when deleted", required: true, default: false }),
    tag_ids: tagsField("file_template", "file_template_id"),
    note: longText({ label: "Note" }),
    code: code({
      label: "Content",
      help: "May hold {{ variables }} and #!cxtower.secret.REFERENCE!#.",
      program: "text",
    }),
    ...roleFields("file_template", "file_template_id"),
  },
  access: { manager: managedByRoles, root: FULL_ACCESS },
  order: [{ column: "name", descending: false }],
});
