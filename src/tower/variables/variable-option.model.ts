import { FULL_ACCESS } from "../../records/access.ts";
import { all } from "../../records/condition.ts";
import { accessLevel, integer, many2one, text, textOf } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { isCreator, upTo } from "../rules.ts";

const ownUpToManager = all(upTo("manager"), isCreator);

export const variableOptionModel = defineModel({
  name: "variable_option",
  table: "variable_options",
  label: "Variable option",
  labelPlural: "variable options",
  help: "One of the values that a variable can have.",
  fields: {
    name: text({ label: "Name", required: true }),
    value_char: text({ label: "Value", required: true }),
    variable_id: many2one("variable", { label: "Variable", required: true, onDelete: "cascade", yaml: false }),
    sequence: integer({ label: "Sequence", minimum: 0, maximum: 1_000_000, required: true, default: 10 }),
    access_level: accessLevel(),
  },
  unique: [
    { fields: ["value_char", "variable_id"], message: "The variable has an option with this value" },
    { fields: ["name", "variable_id"], message: "The variable has an option with this name" },
  ],
  derivedReference: {
    parents: ["variable_id"],
    make: ({ variable_id }) => `${textOf(variable_id)}_variable_option`,
    numbered: true,
  },
  access: {
    user: { read: upTo("user") },
    manager: { read: upTo("manager"), create: ownUpToManager, update: ownUpToManager, delete: ownUpToManager },
    root: FULL_ACCESS,
  },
  order: [{ column: "sequence", descending: false }],
});
