import { FULL_ACCESS } from "../../records/access.ts";
import { integer, many2one, text } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";

export const osModel = defineModel({
  name: "os",
  table: "os",
  label: "Operating system",
  labelPlural: "operating systems",
  help: "What a server runs.",
  fields: {
    name: text({ label: "Name", required: true }),
    color: integer({ label: "Color", minimum: 0, maximum: 100 }),
    parent_id: many2one("os", { label: "Previous version", onDelete: "empty" }),
  },
  access: { user: { read: true }, root: FULL_ACCESS },
  order: [{ column: "name", descending: false }],
});
