import { FULL_ACCESS } from "../../records/access.ts";
import { all, compare, type Condition } from "../../records/condition.ts";
import { integer, many2many, text, type Field } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { isCreator } from "../rules.ts";

/** The records that can have tags, and the tables of their pairs. */
const TAGGED = {
  server: "server",
  command: "command",
  plan: "plan",
  variable: "variable",
  file_template: "file_template",
  server_template: "server_template",
} as const;

function usageField(model: string, own: string): Field {
  return many2many(model, [`${own}_tags`, "tag_id", `${own}_id`], {
    label: `Used by ${model.replaceAll("_", " ")}s`,
    yaml: false,
    copy: false,
    readonly: true,
  });
}

const usages = Object.fromEntries(
  Object.entries(TAGGED).map(([model, own]) => [`${model}_ids`, usageField(model, own)]),
);
const isUnused: Condition = all(...Object.keys(usages).map((name) => compare(name, "=", null)));

export const tagModel = defineModel({
  name: "tag",
  table: "tags",
  label: "Tag",
  labelPlural: "tags",
  help: "A word that servers, commands, plans and other records are found by.",
  fields: {
    name: text({ label: "Name", required: true }),
    color: integer({ label: "Color", minimum: 0, maximum: 100 }),
    ...usages,
  },
  access: {
    user: { read: true },
    manager: { create: isCreator, update: isCreator, delete: all(isCreator, isUnused) },
    root: FULL_ACCESS,
  },
  order: [{ column: "name", descending: false }],
});
