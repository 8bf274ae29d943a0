import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import { all } from "../../records/condition.ts";
import { accessLevel, code, longText, one2many, selection, text } from "../../records/field.ts";
import { defineModel, type RecordChange } from "../../records/model.ts";
import { tagsField } from "../fields.ts";
import { isCreator, upTo } from "../rules.ts";

const ownUpToManager = all(upTo("manager"), isCreator);

export const variableModel = defineModel({
  name: "variable",
  table: "variables",
  label: "Variable",
  labelPlural: "variables",
  help: "A name that commands, plans and files use as {{ reference }}; its values are global or belong to servers.",
  fields: {
    name: text({ label: "Name", required: true }),
    access_level: accessLevel(),
    variable_type: selection({
      label: "Type",
      options: { s: "Text", o: "One of its options" },
      required: true,
      default: "s",
    }),
    option_ids: one2many("variable_option", "variable_id", { label: "Options", copy: true }),
    applied_expression: code({
      label: "Modifier",
      help: "Python that changes a value when it is used: sees value and re, sets result.",
      program: "modifier",
    }),
    // Root only: it runs in the server's own process, where a pattern can be made to take for ever.
    validation_pattern: text({
      label: "Pattern",
      help: "A regular expression that values must begin with.",
      group: "root",
    }),
    validation_message: text({ label: "Message", help: "Shown for values that do not fit the pattern." }),
    note: longText({ label: "Note" }),
    tag_ids: tagsField("variable", "variable_id"),
    value_ids: one2many("variable_value", "variable_id", { label: "Values", yaml: false }),
  },
  unique: [{ fields: ["name"], message: "There is already a variable with this name" }],
  configuration: true,
  access: {
    user: { read: upTo("user") },
    manager: { read: upTo("manager"), create: ownUpToManager, update: ownUpToManager },
    root: FULL_ACCESS,
  },
  check: checkPattern,
  order: [{ column: "name", descending: false }],
});

function checkPattern({ after }: RecordChange): readonly FieldError[] {
  const pattern = after?.["validation_pattern"];
  if (typeof pattern !== "string" || compilePattern(pattern) !== null) return [];
  return [{ path: "validation_pattern", message: "is not a regular expression" }];
}

/** Values must begin with what fits, as Python's `re.match` has it; null for a pattern that does not compile. */
export function compilePattern(pattern: string): RegExp | null {
  try {
    return new RegExp(`^(?:${pattern})`, "u");
  } catch {
    return null;
  }
}
