import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** Encrypts field values at rest with AES-256-GCM. */
export interface SecretCipher {
  /** @param context where the value lives (`keys.secret_value`); a value moved elsewhere does not decrypt */
  encrypt(text: string, context: string): string;
  /** @throws SecretCipherError when the key does not fit or the value was changed */
  decrypt(stored: string, context: string): string;
}

export class SecretCipherError extends Error {
  override readonly name = "SecretCipherError";
}

const VERSION = "v1";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param secretKey any text; the encryption key is derived from it */
export function createSecretCipher(secretKey: string): SecretCipher {
  const key = new Uint8Array(hkdfSync("sha256", secretKey, "", "hooktower stored secrets", 32));
  return {
    encrypt(text, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return `${VERSION}:${Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64")}`;
    },
    decrypt(stored, context) {
      const [version, encoded] = stored.split(":");
      if (version !== VERSION || encoded === undefined) throw new SecretCipherError("not a stored secret");
      const bytes = Buffer.from(encoded, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString(
          "utf8",
        );
      } catch (error) {
        throw new SecretCipherError("the secret key does not fit this stored secret", { cause: error });
      }
    },
  };
}
