import type { Database } from "../db/database.ts";
import { HooktowerError } from "../lib/errors.ts";
import type { ModelRegistry } from "../records/model.ts";
import type { Records } from "../records/records.ts";
import type { Files } from "./files/files.service.ts";
import { findActiveUser } from "./runs/run-records.store.ts";
import type { ServerDeletion } from "./servers/delete-server.ts";

interface DeletionTools {
  readonly db: Database;
  readonly records: Pick<Records, "beforeDelete">;
  readonly models: ModelRegistry;
  readonly files: Pick<Files, "beforeDeletion">;
  readonly deletion: Pick<ServerDeletion, "begin">;
}

/** What the tower does on servers before records are deleted. */
export function beforeDeletions({ db, records, models, files, deletion }: DeletionTools): void {
  records.beforeDelete(models.get("file"), async (id, actor) => {
    await files.beforeDeletion(id, actor);
    return true;
  });
  records.beforeDelete(models.get("server"), async (id, actor) => {
    const user = await findActiveUser(db.main, actor.userId);
    if (!user) throw new HooktowerError("forbidden", `${actor.login} is not active any more`);
    return !(await deletion.begin(id, user));
  });
}
