import { z } from "zod";
import { FULL_ACCESS } from "../../records/access.ts";
import { all, through } from "../../records/condition.ts";
import { code, datetime, flag, longText, many2one, selection, text, textOf, type Field } from "../../records/field.ts";
import { defineModel } from "../../records/model.ts";
import { isCreator, isListedManager, isListedUser } from "../rules.ts";
import { FILE_SOURCES, FILE_TYPES } from "./file-template.model.ts";

/** What a record may hold of a binary file: in base64 it still fits into a body of REST. */
export const MAX_FILE_BYTES = 512 * 1024;

const ofManager = through("server_id", isListedManager);

export const fileModel = defineModel({
  name: "file",
  table: "files",
  label: "File",
  labelPlural: "files",
  help: "A file on a server.",
  fields: {
    name: text({ label: "Name", required: true }),
    active: flag({ label: "Active", required: true, default: true, yaml: false }),
    source: selection({ label: "Source", options: FILE_SOURCES, required: true, default: "tower" }),
    file_type: selection({ label: "Type", options: FILE_TYPES, required: true, default: "text" }),
    server_dir: text({ label: "Directory on the server" }),
    template_id: many2one("file_template", { label: "Template" }),
    keep_when_deleted: flag({ label: "Keep on the server when deleted", required: true, default: false }),
    code: code({
      label: "Content",
      help: "May hold {{ variables }} and #!cxtower.secret.REFERENCE!#.",
      program: "text",
    }),
    file: bytes({ label: "Binary content", help: "In base64; used when the type is Binary." }),
    server_response: text({
      label: "Last transfer",
      help: "ok, or what went wrong.",
      readonly: true,
      yaml: false,
      copy: false,
    }),
    sync_date_last: datetime({
      label: "Time of the last transfer",
      help: "That succeeded.",
      readonly: true,
      yaml: false,
      copy: false,
    }),
    server_id: many2one("server", { label: "Server", required: true, onDelete: "cascade", yaml: false }),
  },
  derivedReference: { parents: ["server_id"], make: ({ server_id }) => `${textOf(server_id)}_file`, numbered: true },
  access: {
    user: { read: through("server_id", isListedUser) },
    manager: { read: ofManager, create: ofManager, update: ofManager, delete: all(ofManager, isCreator) },
    root: FULL_ACCESS,
  },
});

/** Bytes in base64. */
function bytes(options: { readonly label: string; readonly help: string }): Field {
  // Put into words when it is needed: the first number in a locale's way takes 30 ms.
  const error = () => `must have at most ${MAX_FILE_BYTES.toLocaleString("en")} bytes`;
  const schema = z.base64("must be base64").max(Math.ceil(MAX_FILE_BYTES / 3) * 4, { error });
  return { ...longText(options), schema };
}
