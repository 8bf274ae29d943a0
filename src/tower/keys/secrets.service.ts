import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { Logger } from "../../lib/logger.ts";
import { secretContext } from "../../records/codec.ts";
import { SecretCipherError, type SecretCipher } from "../../records/secret-cipher.ts";
import { keyModel } from "./key.model.ts";
import { keyValueModel } from "./key-value.model.ts";
import { findAnyStoredSecret, readStoredSecrets, type StoredSecret } from "./keys.store.ts";

/** Hands out the values of secrets to those who run code. */
export interface Secrets {
  /**
   * A value for each reference; null: there is no such secret, or it has no value.
   *
   * @param place `serverId`: its own values come before the global ones; `db`: where to read, if it is not what
   * is committed
   */
  read(
    references: readonly string[],
    place?: { readonly serverId?: number; readonly db?: Kysely<Tables> },
  ): Promise<Map<string, string | null>>;
  /** @throws SecretCipherError when the key of this process cannot read what is stored */
  assertKeyFits(): Promise<void>;
}

const CONTEXTS = {
  keys: secretContext(keyModel, "secret_value"),
  key_values: secretContext(keyValueModel, "secret_value"),
} as const;

export function createSecrets(main: Kysely<Tables>, cipher: SecretCipher, logger: Logger): Secrets {
  function decrypt(reference: string, { value, table }: StoredSecret): string | null {
    try {
      const text = cipher.decrypt(value, CONTEXTS[table]);
      return text === "" ? null : text;
    } catch (error) {
      if (!(error instanceof SecretCipherError)) throw error;
      // One unreadable value must not take down every webhook: code that names it is denied.
      logger.error({ secret: reference }, "a stored secret cannot be decrypted; it counts as missing");
      return null;
    }
  }
  return {
    async read(references, { serverId, db = main } = {}) {
      const stored = await readStoredSecrets(db, references, serverId ?? null);
      return new Map(
        references.map((reference) => {
          const found = stored.get(reference);
          return [reference, found === undefined ? null : decrypt(reference, found)];
        }),
      );
    },
    async assertKeyFits() {
      const stored = await findAnyStoredSecret(main);
      if (stored !== null) cipher.decrypt(stored, CONTEXTS.keys);
    },
  };
}
