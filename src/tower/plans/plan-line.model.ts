import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import { through } from "../../records/condition.ts";
import { flag, integer, many2one, one2many, text, textOf } from "../../records/field.ts";
import { defineModel, type RecordChange } from "../../records/model.ts";
import { sharedManager, sharedUserRead, throughAll } from "../rules.ts";
import { findRecursion } from "./recursion.ts";

export const planLineModel = defineModel({
  name: "plan_line",
  table: "plan_lines",
  label: "Plan line",
  labelPlural: "plan lines",
  help: "One command of a flight plan.",
  fields: {
    sequence: integer({ label: "Sequence", minimum: 0, maximum: 1_000_000, required: true, default: 10 }),
    condition: text({
      label: "Condition",
      help: "A Python expression; may hold {{ variables }}. False: the line is skipped.",
      program: "line_condition",
    }),
    use_sudo: flag({ label: "Use sudo", help: "If the server does.", required: true, default: false }),
    path: text({ label: "Directory", help: "In place of the command's." }),
    plan_id: many2one("plan", { label: "Flight plan", required: true, onDelete: "cascade", yaml: false }),
    command_id: many2one("command", { label: "Command", required: true }),
    action_ids: one2many("plan_line_action", "line_id", { label: "Actions", copy: true }),
  },
  derivedReference: { parents: ["plan_id"], make: ({ plan_id }) => `${textOf(plan_id)}_plan_line`, numbered: true },
  access: {
    user: { read: through("plan_id", sharedUserRead) },
    manager: throughAll("plan_id", sharedManager),
    root: FULL_ACCESS,
  },
  check: checkRecursion,
  order: [{ column: "sequence", descending: false }],
});

async function checkRecursion(change: RecordChange): Promise<readonly FieldError[]> {
  const { after, find, getModel } = change;
  const command = after && (await find(getModel("command"), textOf(after["command_id"])));
  if (!after || command?.["action"] !== "plan") return [];
  const own = textOf(after["plan_id"]);
  const message = await findRecursion(textOf(command["flight_plan_id"]), ({ plan }) => plan === own, change);
  return message === null ? [] : [{ path: "command_id", message }];
}
