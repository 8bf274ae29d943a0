import { HooktowerError } from "../lib/errors.ts";
import type { Condition } from "./condition.ts";
import type { Field } from "./field.ts";
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

/**
 * What each group may do with which records of a model: true for all of them. A group also has what
 * the groups before it have; what is not named, nobody of the group may.
 */
export type ModelAccess = Partial<Record<Group, Partial<Record<Operation, Condition>>>>;

export const FULL_ACCESS: Readonly<Record<Operation, true>> = { read: true, create: true, update: true, delete: true };

/** The records of the model that the actor may do this with; false: none whatever. */
export function findRule(actor: Actor, model: Model, operation: Operation): Condition {
  const rules = impliedGroups(actor.group).flatMap((group) => {
    const rule = model.access[group]?.[operation];
    return rule === undefined ? [] : [rule];
  });
  if (rules.includes(true)) return true;
  return rules.length === 0 ? false : { any: rules };
}

/** Whether there can be records of the model that the actor may do this with. */
export function isAllowed(actor: Actor, model: Model, operation: Operation): boolean {
  return findRule(actor, model, operation) !== false;
}

/** @throws HooktowerError `forbidden` */
export function assertAllowed(actor: Actor, model: Model, operation: Operation): void {
  if (isAllowed(actor, model, operation)) return;
  const group = GROUPS.find((name) => model.access[name]?.[operation] !== undefined);
  const needed = group ? `that takes group ${group}` : "nobody may";
  throw new HooktowerError("forbidden", `${actor.login} may not ${operation} ${model.labelPlural}: ${needed}`);
}

/** Whether the actor's group sees and writes the field. */
export function seesField(actor: Actor, field: Field): boolean {
  return field.group === undefined || impliedGroups(actor.group).includes(field.group);
}

function impliedGroups(group: Group): readonly Group[] {
  return GROUPS.slice(0, GROUPS.indexOf(group) + 1);
}
