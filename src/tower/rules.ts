import { ACTOR, all, any, compare, through, type Condition } from "../records/condition.ts";

/**
 * The parts that access rules of the Tower are made of. A record has access roles: users (`user_ids`),
 * who may use it, and managers (`manager_ids`), who may also change it.
 */

/** Records up to this access level. */
export function upTo(level: "user" | "manager"): Condition {
  return compare("access_level", "in", level === "user" ? ["user"] : ["user", "manager"]);
}

export const isListedUser = compare("user_ids", "=", ACTOR);
export const isListedManager = compare("manager_ids", "=", ACTOR);
export const isListed = any(isListedUser, isListedManager);
export const isCreator = compare("create_uid", "=", ACTOR);
export const onNoServer = compare("server_ids", "=", null);

/** What a manager may do with records that have roles of their own and no access level. */
export const managedByRoles = {
  read: isListed,
  create: isListedManager,
  update: isListedManager,
  delete: all(isListedManager, isCreator),
} as const;

/** Rules of commands and plans, which are shared by servers. */
export const sharedUserRead: Condition = all(upTo("user"), any(isListedUser, through("server_ids", isListedUser)));
export const sharedManager = {
  read: all(upTo("manager"), any(isListed, onNoServer, through("server_ids", isListed))),
  create: all(upTo("manager"), isListedManager),
  update: all(upTo("manager"), isListedManager),
  delete: all(upTo("manager"), isListedManager, isCreator),
} as const;

/** The same rules, asked of the record that `path` leads to. */
export function throughAll<T extends Readonly<Record<string, Condition>>>(
  path: string,
  rules: T,
): { [K in keyof T]: Condition } {
  return Object.fromEntries(Object.entries(rules).map(([operation, rule]) => [operation, through(path, rule)])) as {
    [K in keyof T]: Condition;
  };
}
