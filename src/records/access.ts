import { HooktowerError } from "../lib/errors.ts";
import type { Model } from "./model.ts";

/** Each group has the rights of those before it. */
export const GROUPS = ["user", "manager", "root"] as const;
export type Group = (typeof GROUPS)[number];

/** Who acts. Every read and write of a record is made by somebody. */
export interface Actor {
  readonly userId: number;
  readonly login: string;
  readonly group: Group;
}

export type Operation = "read" | "create" | "update" | "delete";

/** Operations each group has on a model as a whole; a group that is not named adds nothing. */
export type ModelAccess = Partial<Record<Group, readonly Operation[]>>;

export const FULL_ACCESS: readonly Operation[] = ["read", "create", "update", "delete"];

/** Whether the actor's group, or one that it implies, has the operation on the model. */
export function isAllowed(actor: Actor, model: Model, operation: Operation): boolean {
  const rank = GROUPS.indexOf(actor.group);
  return GROUPS.some((group, index) => index <= rank && model.access[group]?.includes(operation));
}

/** @throws HooktowerError `forbidden` */
export function assertAllowed(actor: Actor, model: Model, operation: Operation): void {
  if (isAllowed(actor, model, operation)) return;
  const groups = GROUPS.filter((group) => model.access[group]?.includes(operation));
  const needed = groups[0] ? `that takes group ${groups[0]}` : "nobody may";
  throw new HooktowerError("forbidden", `${actor.login} may not ${operation} ${model.labelPlural}: ${needed}`);
}
