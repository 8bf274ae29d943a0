import { FULL_ACCESS } from "../../records/access.ts";
import { through } from "../../records/condition.ts";
import { integer, many2one, one2many, selection, text, textOf } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { sharedManager, sharedUserRead, throughAll } from "../rules.ts";
import { exitCodeField, NEXT_STEPS } from "./plan.model.ts";

const COMPARISONS = { "==": "==", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<=" } as const;

export const planLineActionModel = defineModel({
  name: "plan_line_action",
  table: "plan_line_actions",
  label: "Plan line action",
  labelPlural: "plan line actions",
  help: "What follows from the exit code of a line's command; the first that fits counts.",
  fields: {
    sequence: integer({ label: "Sequence", minimum: 0, maximum: 1_000_000, required: true, default: 10 }),
    line_id: many2one("plan_line", { label: "Line", required: true, onDelete: "cascade", yaml: false }),
    condition: selection({ label: "Condition", options: COMPARISONS, required: true, default: "==" }),
    value_char: text({
      label: "Value",
      required: true,
      pattern: /^\s*[-+]?\d{1,15}(?:\.\d+)?\s*$/,
      message: "must be a number: exit codes are compared with it",
    }),
    action: selection({ label: "Action", options: NEXT_STEPS, required: true, default: "n" }),
    custom_exit_code: exitCodeField("Custom exit code"),
    variable_value_ids: one2many("variable_value", "plan_line_action_id", {
      label: "Variable values",
      help: "Set for the rest of the run when the action is taken.",
      copy: true,
    }),
  },
  derivedReference: {
    parents: ["line_id"],
    make: ({ line_id }) => `${textOf(line_id)}_plan_line_action`,
    numbered: true,
  },
  access: {
    user: { read: through("line_id.plan_id", sharedUserRead) },
    manager: throughAll("line_id.plan_id", sharedManager),
    root: FULL_ACCESS,
  },
  order: [{ column: "sequence", descending: false }],
});
