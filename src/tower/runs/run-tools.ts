import type { Database } from "../../db/database.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { ModelRegistry } from "../../records/model.ts";
import type { Records } from "../../records/records.ts";
import type { SecretCipher } from "../../records/secret-cipher.ts";
import type { JobQueue } from "../../jobs/queue.ts";
import type { Secrets } from "../keys/secrets.service.ts";
import type { Ssh } from "../ssh/ssh.ts";
import type { Renderer } from "../variables/renderer.ts";
import type { VariableResolver } from "../variables/variable-values.ts";

/** What running commands and plans takes. */
export interface RunTools {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly records: Records;
  readonly models: ModelRegistry;
  readonly cipher: SecretCipher;
  readonly secrets: Secrets;
  readonly renderer: Renderer;
  readonly variables: VariableResolver;
  readonly ssh: Ssh;
  /** Knows what this process is doing, so that another takes it over when this one is gone. */
  readonly jobs: Pick<JobQueue, "addTaken" | "finish" | "giveBack" | "signalOf">;
  /** How long a command may run, in milliseconds; null: for ever. */
  readonly readTimeout: () => Promise<number | null>;
}
