import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import type { Actor } from "./access.ts";
import type { ModelRegistry } from "./model.ts";
import type { RecordStore } from "./records.store.ts";
import type { SecretCipher } from "./secret-cipher.ts";

/** What reading and writing records needs: one connection or transaction, and the tools of all. */
export interface RecordContext {
  readonly store: RecordStore;
  readonly models: ModelRegistry;
  readonly cipher: SecretCipher;
  readonly clock: Clock;
  readonly dialect: Database["dialect"];
  /** The records come from a file, which cannot hold passwords: what needs one may wait for it. */
  readonly fromFile: boolean;
}

/** The tower itself: sees and may do everything that the models allow to anybody. */
export const SYSTEM: Actor = { userId: 0, login: "the tower", group: "root" };
