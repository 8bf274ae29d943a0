import { FULL_ACCESS } from "../../records/access.ts";
import {
  accessLevel,
  flag,
  integer,
  longText,
  many2many,
  one2many,
  selection,
  text,
  type Field,
} from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { roleFields, tagsField } from "../fields.ts";
import { sharedManager, sharedUserRead } from "../rules.ts";

/** What happens next in a plan, for a line's action and for a plan's errors. */
export const NEXT_STEPS = {
  e: "Exit with the command's code",
  ec: "Exit with a custom code",
  n: "Run the next line",
} as const;

/** Exit codes that people choose. */
export function exitCodeField(label: string): Field {
  return integer({ label, minimum: -2_147_483_648, maximum: 2_147_483_647, required: true, default: 0 });
}

export const planModel = defineModel({
  name: "plan",
  table: "plans",
  label: "Flight plan",
  labelPlural: "flight plans",
  help: "Commands that run one after the other, with conditions and with what follows from their exit codes.",
  fields: {
    name: text({ label: "Name", required: true }),
    access_level: accessLevel(),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    allow_parallel_run: flag({ label: "May run several times at once", required: true, default: false }),
    color: integer({ label: "Color", minimum: 0, maximum: 100 }),
    tag_ids: tagsField("plan", "plan_id"),
    note: longText({ label: "Note" }),
    on_error_action: selection({ label: "When a line fails", options: NEXT_STEPS, required: true, default: "e" }),
    custom_exit_code: exitCodeField("Custom exit code"),
    line_ids: one2many("plan_line", "plan_id", { label: "Lines", copy: true }),
    server_ids: many2many("server", ["plan_servers", "plan_id", "server_id"], {
      label: "Servers",
      help: "Empty: every server.",
      yaml: false,
    }),
    ...roleFields("plan", "plan_id"),
  },
  access: { user: { read: sharedUserRead }, manager: sharedManager, root: FULL_ACCESS },
  order: [{ column: "name", descending: false }],
});
