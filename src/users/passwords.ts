import { randomBytes, randomInt, scrypt, timingSafeEqual } from "node:crypto";
import { HooktowerError } from "../lib/errors.ts";

export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * OWASP's parameters for 32 MiB: each guess costs as much as with N=2^17, p=1, and a small server
 * can still check two at a time.
 */
const DEFAULT_COST: ScryptCost = { N: 2 ** 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** What a stored hash may ask for, so that a tampered row cannot take all memory. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;

/** Node's thread pool has four threads, and other work needs some of them. */
const MAX_AT_ONCE = 2;
const MAX_WAITING = 64;

export interface Passwords {
  /** @returns `scrypt$N$r$p$salt$hash`, salt and hash in base64url */
  readonly hash: (password: string) => Promise<string>;
  /** Whether the password is the hashed one. Takes as long for a wrong password as for the right one. */
  readonly verify: (password: string, encoded: string) => Promise<boolean>;
}

/**
 * Hashes passwords, two at a time. Both functions throw HooktowerError `unavailable` when too many
 * wait for their turn.
 *
 * @param cost of new hashes; stored ones name their own. Only tests want a lower one.
 */
export function createPasswords(cost: ScryptCost = DEFAULT_COST): Passwords {
  let running = 0;
  const waiting: Array<() => void> = [];

  async function enter(): Promise<void> {
    if (running < MAX_AT_ONCE) {
      running += 1;
      return;
    }
    if (waiting.length >= MAX_WAITING) {
      throw new HooktowerError("unavailable", "Too many sign-ins at once", { retryAfterSeconds: 5 });
    }
    // Whoever leaves hands its place over, so `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }

  async function deriveInTurn(password: string, salt: Buffer, given: ScryptCost, bytes: number): Promise<Buffer> {
    await enter();
    try {
      return await derive(password, salt, given, bytes);
    } finally {
      leave();
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const hash = await deriveInTurn(password, salt, cost, HASH_BYTES);
      return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
    },
    async verify(password, encoded) {
      const [scheme, N, r, p, salt, hash] = encoded.split("$");
      if (scheme !== "scrypt" || !N || !r || !p || !salt || !hash) throw new Error("not a stored password hash");
      const expected = Buffer.from(hash, "base64url");
      const stored = { N: Number(N), r: Number(r), p: Number(p) };
      const actual = await deriveInTurn(password, Buffer.from(salt, "base64url"), stored, expected.length);
      return timingSafeEqual(actual, expected);
    },
  };
}

function derive(password: string, salt: Buffer, cost: ScryptCost, bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFKC: the same characters typed on another keyboard are the same password.
    scrypt(password.normalize("NFKC"), salt, bytes, { ...cost, maxmem: MAX_MEMORY_BYTES }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    );
  });
}

/** Twenty characters that cannot be mistaken for one another, in groups of four: 99 bits. */
export function makeReadablePassword(): string {
  const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  const characters = Array.from({ length: 20 }, () => alphabet.charAt(randomInt(alphabet.length)));
  return (characters.join("").match(/.{4}/g) ?? []).join("-");
}
