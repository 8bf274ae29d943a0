import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import { all, any, compare, through } from "../../records/condition.ts";
import { longText, one2many, secret, selection, text } from "../../records/field.ts";
import { defineModel, type RecordChange } from "../../records/model.ts";
import { roleFields } from "../fields.ts";
import { isCreator, isListed, isListedManager } from "../rules.ts";

const isSecret = compare("key_type", "=", "s");
const isSshKey = compare("key_type", "=", "k");
const managed = any(isListedManager, all(isSshKey, through("server_ssh_ids", isListedManager)));

export const keyModel = defineModel({
  name: "key",
  table: "keys",
  label: "Key",
  labelPlural: "keys",
  help: "A secret that code names as #!cxtower.secret.REFERENCE!#, or an SSH key.",
  referencePattern: /^[A-Za-z0-9_]+$/,
  fields: {
    name: text({ label: "Name", required: true }),
    key_type: selection({
      label: "Type",
      options: { s: "Secret", k: "SSH key" },
      required: true,
      default: "s",
    }),
    note: longText({ label: "Note" }),
    secret_value: secret({ label: "Value", help: "Kept encrypted. It can be replaced, never read." }),
    passphrase: secret({ label: "Passphrase", help: "Of an SSH key that is itself encrypted." }),
    value_ids: one2many("key_value", "key_id", { label: "Values on servers", yaml: false }),
    server_ssh_ids: one2many("server", "ssh_key_id", { label: "Servers that it opens", yaml: false, readonly: true }),
    ...roleFields("key", "key_id"),
  },
  configuration: true,
  access: {
    manager: {
      read: any(isListed, isSecret, all(isSshKey, through("server_ssh_ids", isListed))),
      create: managed,
      update: managed,
      delete: all(managed, isCreator),
    },
    root: FULL_ACCESS,
  },
  check: keepKeysClosed,
});

/** Who manages a server may change its SSH key, but not read it: as a secret, any command could print the value. */
function keepKeysClosed({ before, after }: RecordChange): readonly FieldError[] {
  const isOpened = before?.["key_type"] === "k" && after?.["key_type"] === "s";
  if (!isOpened || before["has_secret_value"] !== true || typeof after["secret_value"] === "string") return [];
  return [{ path: "key_type", message: "the value of an SSH key does not become a secret: give a new value with it" }];
}
