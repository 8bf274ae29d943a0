import type { FastifyRequest } from "fastify";
import { HooktowerError } from "../lib/errors.ts";
import type { Account } from "../users/account.ts";
import type { Accounts } from "../users/accounts.service.ts";
import { findRequestOrigin } from "./same-origin.ts";

export const SESSION_COOKIE = "hooktower_session";

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export interface Authentication {
  /** `onRequest` hook: finds out who asks, before a byte of the body is read. */
  readonly authenticate: (request: FastifyRequest) => Promise<void>;
  /** `onRequest` hook after `authenticate`: members of Root only. */
  readonly requireRoot: (request: FastifyRequest) => Promise<void>;
  /** Who asks. Only for routes behind `authenticate`. */
  readonly getAccount: (request: FastifyRequest) => Account;
}

/** Who sends a request: by API token, else by the web app's session cookie. */
export function createAuthentication(accounts: Accounts, baseUrl: string): Authentication {
  const found = new WeakMap<FastifyRequest, Account>();

  async function findAccount(request: FastifyRequest): Promise<Account> {
    const { authorization } = request.headers;
    if (authorization !== undefined) return findByBearer(accounts, authorization);
    const cookie = request.cookies[SESSION_COOKIE];
    if (!cookie) throw new HooktowerError("unauthenticated", "Send an API token as Authorization: Bearer, or sign in");
    const account = await accounts.findBySession(cookie);
    if (!account) throw new HooktowerError("unauthenticated", "The session has ended: sign in again");
    if (!SAFE_METHODS.has(request.method)) assertOwnPage(request, baseUrl);
    return account;
  }

  function getAccount(request: FastifyRequest): Account {
    const account = found.get(request);
    if (!account) throw new Error(`${request.url} is not behind authenticate`);
    return account;
  }

  return {
    async authenticate(request) {
      found.set(request, await findAccount(request));
    },
    async requireRoot(request) {
      const { group, login } = getAccount(request);
      if (group !== "root") throw new HooktowerError("forbidden", `${login} may not do this: it takes group root`);
    },
    getAccount,
  };
}

/**
 * The account of an Authorization header. A wrong token is never passed over for a good cookie.
 *
 * @throws HooktowerError `unauthenticated`
 */
export async function findByBearer(accounts: Accounts, authorization: string): Promise<Account> {
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  const account = token === undefined ? null : await accounts.findByApiToken(token);
  if (!account) throw new HooktowerError("unauthenticated", "The API token is not valid");
  return account;
}

/** A cookie comes along with requests that other pages make: those change nothing. */
function assertOwnPage(request: FastifyRequest, baseUrl: string): void {
  if (findRequestOrigin(request.headers, baseUrl) !== "same") {
    throw new HooktowerError("forbidden", "With a session cookie, only pages of this server may change anything");
  }
  const type = request.headers["content-type"];
  if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type)) {
    throw new HooktowerError("forbidden", "With a session cookie, the body must be application/json");
  }
}
