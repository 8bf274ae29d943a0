import type { Database } from "../db/database.ts";
import { isUniqueViolation } from "../db/errors.ts";
import type { Clock } from "../lib/clock.ts";
import { HooktowerError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Account } from "./account.ts";
import { createApiTokensStore } from "./api-tokens.store.ts";
import { makeReadablePassword, type Passwords } from "./passwords.ts";
import { createSessionsStore } from "./sessions.store.ts";
import { createSignInThrottle } from "./sign-in-throttle.ts";
import { API_TOKEN_PREFIX, hashToken, makeToken } from "./tokens.ts";
import { createUsersStore } from "./users.store.ts";

/** Fixed, not sliding: a stolen cookie ends by itself, and requests write nothing. */
export const SESSION_LIFETIME_MS = 14 * 24 * 60 * 60 * 1000;
/** How exact `last_used_date` of an API token is: requests in between write nothing. */
const TOKEN_USE_RESOLUTION_MS = 60 * 1000;

/** Longer ones are refused unread: hashing them would only cost time. */
const MAX_LOGIN_LENGTH = 512;
const MAX_PASSWORD_LENGTH = 1024;

export interface AccountsDependencies {
  readonly db: Database;
  readonly clock: Clock;
  readonly passwords: Passwords;
  readonly logger: Logger;
}

export interface SignedIn {
  /** The cookie's value; only its hash is stored. */
  readonly token: string;
  readonly expiresAt: number;
  readonly account: Account;
}

export interface Accounts {
  /**
   * Opens a session. Unknown login, wrong password and inactive user look alike, in time as well.
   *
   * @param address the client's, for throttling
   * @throws HooktowerError `unauthenticated`, `too_many_requests` or `unavailable`
   */
  signIn(login: string, password: string, address: string): Promise<SignedIn>;
  /** Ends one session; a token that is not known does nothing. */
  signOut(token: string): Promise<void>;
  /** The active user of a session, null when there is none. */
  findBySession(token: string): Promise<Account | null>;
  /** The active user of an API token, null when there is none. */
  findByApiToken(token: string): Promise<Account | null>;
  /** The active user with this login, null when there is none. Proves nothing about who asks. */
  findByLogin(login: string): Promise<Account | null>;
  /** @returns the token, which cannot be shown again */
  createApiToken(login: string, name: string): Promise<string>;
  /** Stores a token that was chosen elsewhere. */
  storeApiToken(login: string, name: string, token: string): Promise<void>;
  /** Ends all sessions of a user: after a new password, or when the user is switched off. */
  endSessions(userId: number): Promise<void>;
  /** The same by login, when the changed values call for it. */
  endSessionsAfterChange(login: string, changed: { readonly [field: string]: unknown }): Promise<void>;
  /**
   * On a database without users, makes `admin`, a member of Root. Two processes that start at once
   * make one: the other does nothing.
   *
   * @returns null when there were users; else the password to show once, null when it was given
   */
  ensureAdmin(given: { password?: string | undefined; token?: string | undefined }): Promise<AdminCreated | null>;
}

export interface AdminCreated {
  readonly login: string;
  readonly generatedPassword: string | null;
}

/** Who may sign in, and who a session or token belongs to. */
export function createAccounts({ db, clock, passwords, logger }: AccountsDependencies): Accounts {
  const users = createUsersStore(db.main);
  const sessions = createSessionsStore(db.main);
  const tokens = createApiTokensStore(db.main);
  const throttle = createSignInThrottle(clock);
  /** Hash of a password nobody knows: checking against it takes as long as against a real one. */
  let nobody: Promise<string> | undefined;

  async function signIn(login: string, password: string, address: string): Promise<SignedIn> {
    const attempt = throttle.start(login, address);
    const fits = login.length <= MAX_LOGIN_LENGTH && password.length <= MAX_PASSWORD_LENGTH && !login.includes("\0");
    const credentials = fits ? await users.findCredentials(login) : null;
    nobody ??= passwords.hash(makeToken());
    const matches = await passwords.verify(fits ? password : "", credentials?.password ?? (await nobody));
    if (!credentials?.active || credentials.password === null || !matches) {
      logger.warn({ login: login.slice(0, MAX_LOGIN_LENGTH), address }, "sign-in refused");
      throw new HooktowerError("unauthenticated", "Login or password is wrong");
    }
    attempt.succeed();
    const now = clock.now();
    const session = { token: makeToken(), expiresAt: now + SESSION_LIFETIME_MS };
    await sessions.removeExpired(now);
    await sessions.insert({
      tokenHash: hashToken(session.token),
      userId: credentials.userId,
      createDate: now,
      expiresDate: session.expiresAt,
    });
    const { userId, name, group } = credentials;
    return { ...session, account: { userId, login, name, group } };
  }

  async function findByApiToken(token: string): Promise<Account | null> {
    const found = await tokens.find(hashToken(token));
    if (!found) return null;
    const now = clock.now();
    if (now - (found.lastUsedDate ?? 0) >= TOKEN_USE_RESOLUTION_MS) await tokens.markUsed(found.id, now);
    return found.account;
  }

  async function findByLogin(login: string): Promise<Account | null> {
    const user = await users.findCredentials(login);
    return user?.active ? { userId: user.userId, login: user.login, name: user.name, group: user.group } : null;
  }

  async function storeApiToken(login: string, name: string, token: string): Promise<void> {
    const user = await users.findCredentials(login);
    if (!user) throw new HooktowerError("not_found", `There is no user ${login}`);
    try {
      await tokens.insert({ tokenHash: hashToken(token), userId: user.userId, name, createDate: clock.now() });
    } catch (thrown) {
      if (isUniqueViolation(thrown)) throw new HooktowerError("conflict", "This token is stored already");
      throw thrown;
    }
  }

  async function createApiToken(login: string, name: string): Promise<string> {
    const token = makeToken(API_TOKEN_PREFIX);
    await storeApiToken(login, name, token);
    return token;
  }

  async function endSessionsAfterChange(login: string, changed: { readonly [field: string]: unknown }): Promise<void> {
    if (!("password" in changed) && changed["active"] !== false) return;
    const user = await users.findCredentials(login);
    if (user) await sessions.removeOfUser(user.userId);
  }

  async function ensureAdmin(given: {
    password?: string | undefined;
    token?: string | undefined;
  }): Promise<AdminCreated | null> {
    // Hashing takes a while: not at every start, and not inside the transaction.
    if (await users.hasAny()) return null;
    const generatedPassword = given.password === undefined ? makeReadablePassword() : null;
    const password = await passwords.hash(given.password ?? generatedPassword ?? "");
    const created = await insertAdmin(password, given.token);
    return created ? { login: ADMIN_LOGIN, generatedPassword } : null;
  }

  /** @returns false when another process was faster */
  async function insertAdmin(password: string, token: string | undefined): Promise<boolean> {
    try {
      return await db.changeConfiguration(async (trx) => {
        const inside = createUsersStore(trx);
        if (await inside.hasAny()) return false;
        const now = clock.now();
        const admin = { login: ADMIN_LOGIN, name: "Administrator", group: "root", password, now } as const;
        const userId = await inside.insert(admin);
        if (token !== undefined) {
          const stored = { tokenHash: hashToken(token), userId, name: "first start", createDate: now };
          await createApiTokensStore(trx).insert(stored);
        }
        return true;
      });
    } catch (thrown) {
      // PostgreSQL lets both see an empty table; the login's uniqueness then decides.
      if (isUniqueViolation(thrown)) return false;
      throw thrown;
    }
  }

  return {
    signIn,
    signOut: (token) => sessions.remove(hashToken(token)),
    findBySession: (token) => sessions.findAccount(hashToken(token), clock.now()),
    findByApiToken,
    findByLogin,
    createApiToken,
    storeApiToken,
    endSessions: (userId) => sessions.removeOfUser(userId),
    endSessionsAfterChange,
    ensureAdmin,
  };
}

const ADMIN_LOGIN = "admin";
