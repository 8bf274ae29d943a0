import { FULL_ACCESS, type GROUPS } from "../records/access.ts";
import { flag, password, selection, text, textOf } from "../records/field.ts";
import { defineModel, type RecordChange } from "../records/model.ts";
import type { FieldError } from "../lib/errors.ts";

const GROUP_LABELS = { user: "User", manager: "Manager", root: "Root" } satisfies Record<
  (typeof GROUPS)[number],
  string
>;

export const userModel = defineModel({
  name: "user",
  table: "users",
  label: "User",
  labelPlural: "users",
  help: "Somebody who signs in, or whose rights webhook code has.",
  referenceField: "login",
  openToLinks: true,
  referencePattern: /^[A-Za-z0-9._@+-]+$/,
  fields: {
    login: text({
      label: "Login",
      required: true,
      yaml: false,
      pattern: /^[A-Za-z0-9._@+-]+$/,
      message: "must have letters, digits and . _ @ + - only",
      copy: (value, attempt) => `${textOf(value)}_copy${attempt > 1 ? textOf(attempt) : ""}`,
    }),
    name: text({ label: "Name", required: true, yaml: false }),
    email: text({ label: "Email", yaml: false, pattern: /^$|^[^@\s]+@[^@\s]+$/, message: "must be an email address" }),
    password: password({ label: "Password", help: "Empty: cannot sign in with a password." }),
    group: selection({ label: "Group", options: GROUP_LABELS, required: true, default: "user", yaml: false }),
    active: flag({
      label: "Active",
      help: "Off: cannot sign in, and webhooks do not run as this user.",
      required: true,
      default: true,
      yaml: false,
    }),
  },
  unique: [{ fields: ["login"], message: "There is already a user with this login" }],
  configuration: true,
  access: { root: FULL_ACCESS },
  check: keepARootUser,
});

/** Nobody may lock everybody out. */
async function keepARootUser({ before, after, count }: RecordChange): Promise<readonly FieldError[]> {
  const wasRoot = before?.["group"] === "root" && before["active"] === true;
  const isRoot = after?.["group"] === "root" && after["active"] === true;
  if (!wasRoot || isRoot || (await count(userModel, { group: "root", active: true })) > 1) return [];
  return [{ path: "group", message: "the last active Root user must stay one" }];
}
