import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { Logger } from "../../lib/logger.ts";
import { secretContext } from "../../records/codec.ts";
import { SecretCipherError, type SecretCipher } from "../../records/secret-cipher.ts";
import { keyModel } from "./key.model.ts";
import { findAnyStoredSecret, readStoredSecrets } from "./keys.store.ts";

/** Hands out the values of secrets to those who run code. */
export interface Secrets {
  /** A value for each reference; null: there is no such secret, or it has no value. */
  read(references: readonly string[]): Promise<Map<string, string | null>>;
  /** @throws SecretCipherError when the key of this process cannot read what is stored */
  assertKeyFits(): Promise<void>;
}

const CONTEXT = secretContext(keyModel, "secret_value");

export function createSecrets(db: Kysely<Tables>, cipher: SecretCipher, logger: Logger): Secrets {
  function decrypt(reference: string, stored: string): string | null {
    try {
      const value = cipher.decrypt(stored, CONTEXT);
      return value === "" ? null : value;
    } catch (error) {
      if (!(error instanceof SecretCipherError)) throw error;
      // One unreadable value must not take down every webhook: code that names it is denied.
      logger.error({ secret: reference }, "a stored secret cannot be decrypted; it counts as missing");
      return null;
    }
  }
  return {
    async read(references) {
      const stored = await readStoredSecrets(db, references);
      return new Map(
        references.map((reference) => {
          const value = stored.get(reference);
          return [reference, value === undefined ? null : decrypt(reference, value)];
        }),
      );
    },
    async assertKeyFits() {
      const stored = await findAnyStoredSecret(db);
      if (stored !== null) cipher.decrypt(stored, CONTEXT);
    },
  };
}
