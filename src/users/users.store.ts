import type { Kysely } from "kysely";
import type { Tables } from "../db/schema.ts";
import type { Group } from "../records/access.ts";
import type { Account } from "./account.ts";

/** An account with what signing in needs; never leaves this room. */
export interface Credentials extends Account {
  readonly password: string | null;
  readonly active: boolean;
}

export interface NewUser {
  readonly login: string;
  readonly name: string;
  readonly group: Group;
  readonly password: string;
  readonly now: number;
}

/** Queries about users that sign-in needs. Users as records are read and written by `records/`. */
export function createUsersStore(db: Kysely<Tables>) {
  async function hasAny(): Promise<boolean> {
    return (await db.selectFrom("users").select("id").limit(1).executeTakeFirst()) !== undefined;
  }

  async function findCredentials(login: string): Promise<Credentials | null> {
    const row = await db
      .selectFrom("users")
      .select(["id", "login", "name", "group", "password", "active"])
      .where("login", "=", login)
      .executeTakeFirst();
    if (!row) return null;
    const { id, active, ...rest } = row;
    return { userId: id, active: active === 1, ...rest };
  }

  /** @returns the new user's id */
  async function insert({ now, ...user }: NewUser): Promise<number> {
    const row = { ...user, email: null, active: 1, create_date: now, write_date: now, create_uid: null };
    return (await db.insertInto("users").values(row).returning("id").executeTakeFirstOrThrow()).id;
  }

  return { hasAny, findCredentials, insert };
}
