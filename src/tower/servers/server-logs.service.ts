import type { CodeUser } from "../../guest/guest.ts";
import { HooktowerError, invalid } from "../../lib/errors.ts";
import type { Files } from "../files/files.service.ts";
import { toActor } from "../runs/rights.ts";
import type { RunTools } from "../runs/run-tools.ts";
import type { Runs } from "../runs/runs.ts";
import { readServerLog, writeLogText } from "./server-logs.store.ts";

export interface ServerLogs {
  /**
   * Fetches what a server log shows, and keeps it in the record. Whoever may see the log may do that: what it runs
   * or reads was chosen by who made it.
   *
   * @returns the text: the command's output or the file's content; what went wrong where there is none
   * @throws HooktowerError `not_found`, `forbidden`; `invalid` for the log of a template
   */
  refresh(logId: number, user: CodeUser, options?: { readonly signal?: AbortSignal }): Promise<string>;
}

interface ServerLogTools extends Pick<RunTools, "db" | "clock" | "records" | "models"> {
  readonly runs: Pick<Runs, "runCommand">;
  readonly files: { readonly transfers: Pick<Files["transfers"], "read" | "pull"> };
}

type LogRow = NonNullable<Awaited<ReturnType<typeof readServerLog>>>;

export function createServerLogs({ db, clock, records, models, runs, files }: ServerLogTools): ServerLogs {
  async function runCommand(
    { use_sudo: useSudo }: LogRow,
    place: { readonly commandId: number; readonly serverId: number },
    user: CodeUser,
    signal?: AbortSignal,
  ): Promise<string> {
    const { response, error } = await runs.runCommand({
      ...place,
      user,
      trusted: true,
      log: false,
      ...(useSudo === 0 && { sudo: false }),
      ...(signal && { signal }),
    });
    return response || error || "";
  }

  async function readFile(fileId: number, signal?: AbortSignal): Promise<string> {
    try {
      return await files.transfers.read(fileId, signal ? { signal } : {});
    } catch (thrown) {
      // As for commands: the log says what went wrong.
      if (!(thrown instanceof HooktowerError) || thrown.code === "not_found") throw thrown;
      return thrown.message;
    }
  }

  return {
    async refresh(logId, user, { signal } = {}) {
      await records.byId.read(models.get("server_log"), [logId], toActor(user));
      const log = await readServerLog(db.main, logId);
      if (!log) throw new HooktowerError("not_found", `Server log ${logId} is not there any more`);
      const { server_id: serverId, command_id: commandId, file_id: fileId } = log;
      if (serverId === null)
        throw invalid([{ path: "server_id", message: "the log belongs to a template, there is nothing to ask yet" }]);
      let text = "";
      if (log.log_type === "command" && commandId !== null)
        text = await runCommand(log, { commandId, serverId }, user, signal);
      if (log.log_type === "file" && fileId !== null) text = await readFile(fileId, signal);
      const kept = text.replaceAll("\0", "") || "<log is empty>";
      await writeLogText(db.main, logId, kept, clock.now());
      return kept;
    },
  };
}
