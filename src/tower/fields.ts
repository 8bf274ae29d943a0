import { GROUPS, type Actor, type Group } from "../records/access.ts";
import { many2many, selection, type Field } from "../records/field.ts";

/** Users and managers of a record: whoever makes it is put in both as far as their group goes. */
export function roleFields(table: string, own: string): { readonly user_ids: Field; readonly manager_ids: Field } {
  const role = (kind: "user" | "manager", group: Group, label: string, help: string) =>
    many2many("user", [`${table}_${kind}s`, own, "user_id"], {
      label,
      help,
      yaml: false,
      copy: false,
      default: (actor: Actor) =>
        actor.userId > 0 && GROUPS.indexOf(actor.group) >= GROUPS.indexOf(group) ? [actor.login] : [],
      ...(kind === "manager" && { group: "manager" }),
    });
  return {
    user_ids: role("user", "user", "Users", "May see and use it."),
    manager_ids: role("manager", "manager", "Managers", "May also change it."),
  };
}

export function tagsField(table: string, own: string): Field {
  return many2many("tag", [`${table}_tags`, own, "tag_id"], { label: "Tags" });
}

export const SERVER_STATUSES = {
  stopped: "Stopped",
  starting: "Starting",
  running: "Running",
  stopping: "Stopping",
  restarting: "Restarting",
  deleting: "Deleting",
  delete_error: "Deletion failed",
} as const;

/** What runs: for shortcuts and scheduled tasks. */
export function actionField(): Field {
  return selection({
    label: "Action",
    options: { command: "Command", plan: "Flight plan" },
    required: true,
    default: "command",
  });
}
