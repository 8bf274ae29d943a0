import type { Kysely } from "kysely";
import type { Tables } from "../db/schema.ts";
import type { Account } from "./account.ts";

export interface NewSession {
  readonly tokenHash: string;
  readonly userId: number;
  readonly createDate: number;
  readonly expiresDate: number;
}

export function createSessionsStore(db: Kysely<Tables>) {
  async function insert(session: NewSession): Promise<void> {
    const row = {
      token_hash: session.tokenHash,
      user_id: session.userId,
      create_date: session.createDate,
      expires_date: session.expiresDate,
    };
    await db.insertInto("sessions").values(row).execute();
  }

  /** The active user of a session that has not expired. */
  async function findAccount(tokenHash: string, now: number): Promise<Account | null> {
    const account = await db
      .selectFrom("sessions")
      .innerJoin("users", "users.id", "sessions.user_id")
      .select(["users.id as userId", "users.login", "users.name", "users.group"])
      .where("sessions.token_hash", "=", tokenHash)
      .where("sessions.expires_date", ">", now)
      .where("users.active", "=", 1)
      .executeTakeFirst();
    return account ?? null;
  }

  async function remove(tokenHash: string): Promise<void> {
    await db.deleteFrom("sessions").where("token_hash", "=", tokenHash).execute();
  }

  async function removeOfUser(userId: number): Promise<void> {
    await db.deleteFrom("sessions").where("user_id", "=", userId).execute();
  }

  async function removeExpired(now: number): Promise<void> {
    await db.deleteFrom("sessions").where("expires_date", "<=", now).execute();
  }

  return { insert, findAccount, remove, removeOfUser, removeExpired };
}
