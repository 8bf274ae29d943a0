import { HooktowerError } from "../../../lib/errors.ts";
import type { Files } from "../../files/files.service.ts";
import { EXIT } from "../exit-codes.ts";
import type { Action, ActionEnd } from "./action.ts";

/**
 * Makes a file as a template says and moves it: to the server, or from there when its content comes from the
 * server. Whoever may run the command may do that, also who sees neither templates nor files.
 */
export function createFileUsingTemplate(files: Pick<Files, "createFromTemplate" | "transfers" | "disconnect">): Action {
  return async ({ prepared: { server, command, path, read }, request: { user, signal } }) => {
    const { file_template_id: templateId, if_file_exists: ifFileExists } = command;
    if (templateId === null) return failed("The command names no file template");
    const options = signal ? { signal } : {};
    try {
      const { fileId, outcome, source } = await files.createFromTemplate({
        templateId,
        serverId: server.id,
        directory: path,
        ifFileExists,
        user,
        trusted: true,
        read,
      });
      if (outcome === "found") return succeeded("File already exists on server. Upload skipped");
      if (source === "tower") await files.transfers.push(fileId, options);
      else await files.transfers.pull(fileId, options);
      if (command.disconnect_file === 1) await files.disconnect(fileId);
      return succeeded("File created and uploaded successfully");
    } catch (thrown) {
      if (!(thrown instanceof HooktowerError)) throw thrown;
      if (signal?.aborted) return { status: EXIT.commandStopped, response: null, error: thrown.message };
      return failed(thrown.message);
    }
  };
}

function succeeded(response: string): ActionEnd {
  return { status: 0, response, error: null };
}

function failed(text: string): ActionEnd {
  return { status: EXIT.fileFailed, response: null, error: `An error occurred: ${text}` };
}
