import type { CodeUser } from "../../guest/guest.ts";
import { coerceError, HooktowerError } from "../../lib/errors.ts";
import type { Actor, Operation } from "../../records/access.ts";
import { createFileFromTemplate, type FileFromTemplate, type TemplateRequest } from "./create-from-template.ts";
import { readFileRow, updateFile } from "./files.store.ts";
import { createTransfers, type FileTools, type TransferOptions, type Transfers } from "./transfers.ts";
import { toActor } from "../runs/rights.ts";

/** Files of servers. All throw HooktowerError: `not_found`, `forbidden`, and what `Transfers` says. */
export interface Files {
  /** Sends the file to its server. Takes the right to change the record, as `pull` does. */
  push(fileId: number, user: CodeUser, options?: TransferOptions): Promise<void>;
  /** Fetches the file from its server. */
  pull(fileId: number, user: CodeUser, options?: TransferOptions): Promise<void>;
  /** Deletes the file on its server; the record stays. Takes the right to delete the record. */
  deleteFromServer(fileId: number, user: CodeUser, options?: TransferOptions): Promise<void>;
  /**
   * Makes the record of a file as its template says, or finds the one that is at the same place. Nothing is moved.
   *
   * @throws also `conflict`: there is one, and the request does not want that
   */
  createFromTemplate(request: TemplateRequest): Promise<FileFromTemplate>;
  /** Takes a file away from its template, whoever asks. */
  disconnect(fileId: number): Promise<void>;
  /**
   * To be called before a record is deleted: deletes what was sent from here on the server too, unless the
   * record says that it is kept. When that fails the record has to stay, or nobody would know of the file.
   */
  beforeDeletion(fileId: number, actor: Actor): Promise<void>;
  /** The same without asking for rights: for those who have asked already. */
  readonly transfers: Transfers;
}

export function createFiles(tools: FileTools): Files {
  const { db, clock, logger, records, models } = tools;
  const model = models.get("file");
  const transfers = createTransfers(tools);

  async function assertAllowed(fileId: number, operation: Operation, actor: Actor): Promise<void> {
    const [found] = await records.byId.read(model, [fileId], actor);
    if (await records.byId.allows(model, fileId, operation, actor)) return;
    const reference = String(found?.row["reference"]);
    throw new HooktowerError("forbidden", `${actor.login} may not ${operation} file ${reference}`);
  }

  return {
    transfers,
    async push(fileId, user, options) {
      await assertAllowed(fileId, "update", toActor(user));
      await transfers.push(fileId, options);
    },
    async pull(fileId, user, options) {
      await assertAllowed(fileId, "update", toActor(user));
      await transfers.pull(fileId, options);
    },
    async deleteFromServer(fileId, user, options) {
      await assertAllowed(fileId, "delete", toActor(user));
      await transfers.remove(fileId, options);
    },
    createFromTemplate: (request) => createFileFromTemplate(tools, request),
    disconnect: (fileId) => updateFile(db.main, fileId, { template_id: null, write_date: clock.now() }),
    async beforeDeletion(fileId, actor) {
      const file = await readFileRow(db.main, fileId);
      if (!file || file.source !== "tower" || file.keep_when_deleted === 1 || file.sync_date_last === null) return;
      // What cannot be deleted here must not be deleted there.
      await records.transactionById((operations) => operations.delete(model, fileId, actor), {
        keep: false,
        models: [],
      });
      try {
        await transfers.remove(fileId);
      } catch (thrown) {
        if (!(thrown instanceof HooktowerError)) throw thrown;
        logger.warn({ file: file.reference, err: coerceError(thrown) }, "a file was not deleted on its server");
        throw new HooktowerError(
          thrown.code,
          `File ${file.reference} could not be deleted on its server, so its record stays: ${thrown.message} ` +
            "(keep_when_deleted deletes the record alone)",
          { cause: thrown },
        );
      }
    },
  };
}
