import { assertActs, onlyOne, readArguments, recordSet, toRecordIds } from "../../guest/records/arguments.ts";
import type { RecordMethods } from "../../guest/records/record-calls.ts";
import { GuestError, type Json } from "../../sandbox/sandbox.ts";
import type { IfFileExists } from "./create-from-template.ts";
import type { Files } from "./files.service.ts";

const SERVER = "cx.tower.server";
const WAYS: ReadonlySet<unknown> = new Set<IfFileExists>(["skip", "overwrite", "raise"]);

/**
 * What snippets can do with files and their templates, under the rights of their user. It is done at once, and stays
 * done when the code raises.
 */
export function fileMethods(files: Files): RecordMethods {
  return {
    file: {
      async delete({ ids }, call) {
        assertActs(call);
        for (const id of ids) await files.deleteFromServer(id, call.user, { signal: call.signal });
        return null;
      },
    },
    file_template: {
      /** Makes the record; `upload()` and `download()` move what is in it. */
      async create_file({ ids }, call) {
        assertActs(call);
        const [server, directory, given] = readArguments(call, ["server", "server_dir", "if_file_exists"]);
        const { fileId } = await files.createFromTemplate({
          templateId: onlyOne(ids, "cx.tower.file.template"),
          serverId: onlyOne(toRecordIds(server, SERVER, "server")),
          directory: typeof directory === "string" ? directory : null,
          ifFileExists: readWay(given),
          user: call.user,
          read: call.unit.query,
        });
        return recordSet("cx.tower.file", [fileId]);
      },
    },
  };
}

function readWay(given: Json | undefined): IfFileExists {
  const way = given ?? "raise";
  if (!WAYS.has(way)) throw new GuestError("ValidationError", "if_file_exists is one of skip, overwrite, raise");
  return way as IfFileExists;
}
