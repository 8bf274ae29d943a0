import type { FieldError } from "../../lib/errors.ts";
import { FULL_ACCESS } from "../../records/access.ts";
import { all, any, compare, through } from "../../records/condition.ts";
import { many2one, secret, textOf } from "../../records/field.ts";
import { defineModel, type RecordChange } from "../../records/model.ts";
import { isCreator, isListed, isListedManager } from "../rules.ts";
import { keyModel } from "./key.model.ts";

const managed = any(through("key_id", isListedManager), through("server_id", isListedManager));

export const keyValueModel = defineModel({
  name: "key_value",
  table: "key_values",
  label: "Key value",
  labelPlural: "key values",
  help: "The value that a secret has on one server, in place of its global one.",
  fields: {
    key_id: many2one("key", { label: "Key", required: true, onDelete: "cascade" }),
    server_id: many2one("server", { label: "Server", required: true, onDelete: "cascade", yaml: false }),
    secret_value: secret({ label: "Value", help: "Kept encrypted. It can be replaced, never read." }),
  },
  unique: [{ fields: ["key_id", "server_id"], message: "The key has a value on this server already" }],
  derivedReference: {
    parents: ["key_id", "server_id"],
    make: ({ key_id, server_id }) => `${textOf(key_id).toLowerCase()}_key_value_server_${textOf(server_id)}`,
    numbered: false,
  },
  access: {
    manager: {
      read: any(through("key_id", isListed), all(compare("key_id.key_type", "=", "s"), through("server_id", isListed))),
      create: managed,
      update: managed,
      delete: all(managed, isCreator),
    },
    root: FULL_ACCESS,
  },
  check: checkType,
});

async function checkType({ after, find }: RecordChange): Promise<readonly FieldError[]> {
  const key = after && (await find(keyModel, textOf(after["key_id"])));
  return key?.["key_type"] === "k"
    ? [{ path: "key_id", message: "is an SSH key: only secrets have values on servers" }]
    : [];
}
