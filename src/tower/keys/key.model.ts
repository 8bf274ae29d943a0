import { FULL_ACCESS } from "../../records/access.ts";
import { longText, secret, selection, text } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";

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
  },
  access: { root: FULL_ACCESS },
});
