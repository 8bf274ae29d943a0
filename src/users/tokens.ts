import { createHash, randomBytes } from "node:crypto";

const TOKEN_BYTES = 32;

/** Starts every API token, so that scanners for leaked credentials can tell one. */
export const API_TOKEN_PREFIX = "htk_";

/** 256 random bits in base64url. */
export function makeToken(prefix = ""): string {
  return prefix + randomBytes(TOKEN_BYTES).toString("base64url");
}

/** What is stored of a token. Random tokens need no salt and no slow hash: they cannot be guessed. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
