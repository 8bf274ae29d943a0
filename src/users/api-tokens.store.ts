import type { Kysely } from "kysely";
import type { Tables } from "../db/schema.ts";
import type { Account } from "./account.ts";

export interface NewApiToken {
  readonly tokenHash: string;
  readonly userId: number;
  readonly name: string;
  readonly createDate: number;
}

export interface FoundApiToken {
  readonly id: number;
  readonly lastUsedDate: number | null;
  readonly account: Account;
}

export function createApiTokensStore(db: Kysely<Tables>) {
  async function insert(token: NewApiToken): Promise<void> {
    const row = {
      user_id: token.userId,
      name: token.name,
      token_hash: token.tokenHash,
      create_date: token.createDate,
      last_used_date: null,
    };
    await db.insertInto("api_tokens").values(row).execute();
  }

  /** The token, when its user is active. */
  async function find(tokenHash: string): Promise<FoundApiToken | null> {
    const row = await db
      .selectFrom("api_tokens")
      .innerJoin("users", "users.id", "api_tokens.user_id")
      .select(["api_tokens.id", "api_tokens.last_used_date as lastUsedDate"])
      .select(["users.id as userId", "users.login", "users.name", "users.group"])
      .where("api_tokens.token_hash", "=", tokenHash)
      .where("users.active", "=", 1)
      .executeTakeFirst();
    if (!row) return null;
    const { id, lastUsedDate, ...account } = row;
    return { id, lastUsedDate, account };
  }

  async function markUsed(id: number, now: number): Promise<void> {
    await db.updateTable("api_tokens").set({ last_used_date: now }).where("id", "=", id).execute();
  }

  return { insert, find, markUsed };
}
