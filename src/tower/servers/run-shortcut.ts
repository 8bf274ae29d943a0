import type { CodeUser } from "../../guest/guest.ts";
import { HooktowerError } from "../../lib/errors.ts";
import { readingOf, toActor } from "../runs/rights.ts";
import type { RunTools } from "../runs/run-tools.ts";
import type { Runs, StartedCommand, StartedPlan } from "../runs/runs.ts";
import type { RecordUnit } from "../../guest/records/unit.ts";
import { isShortcutOf, readShortcut } from "./shortcuts.store.ts";

export interface ShortcutRequest {
  readonly shortcutId: number;
  readonly serverId: number;
  readonly user: CodeUser;
  readonly label?: string | null;
  readonly unit?: RecordUnit | null;
  readonly callId?: string | null;
  readonly signal?: AbortSignal;
}

/** What a shortcut has begun. */
export type StartedShortcut =
  | ({ readonly action: "command" } & StartedCommand)
  | ({ readonly action: "plan" } & StartedPlan);

interface ShortcutTools extends Pick<RunTools, "db" | "records" | "models"> {
  readonly runs: Pick<Runs, "startCommand" | "startPlan">;
}

/**
 * Begins what a shortcut stands for. Whoever may see the shortcut and the server may do that: a User can so run
 * what only Managers see, but on the servers that have the shortcut alone.
 *
 * @throws HooktowerError `not_found`, `forbidden`; `conflict` when the server has no such shortcut, or it is archived
 */
export async function runShortcut(tools: ShortcutTools, request: ShortcutRequest): Promise<StartedShortcut> {
  const { records, models, runs } = tools;
  const { shortcutId, serverId, user, label = null, unit = null, callId = null, signal } = request;
  const read = readingOf(tools, unit);
  const actor = toActor(user);
  const operations = unit ? unit.read : <T>(work: (byId: typeof records.byId) => Promise<T>) => work(records.byId);
  await operations(async (byId) => {
    await byId.read(models.get("shortcut"), [shortcutId], actor);
    await byId.read(models.get("server"), [serverId], actor);
  });
  const shortcut = await read((db) => readShortcut(db, shortcutId));
  if (!shortcut) throw new HooktowerError("not_found", `Shortcut ${shortcutId} is not there any more`);
  const isThere = await read((db) => isShortcutOf(db, shortcutId, serverId));
  if (!isThere) throw new HooktowerError("conflict", `Shortcut ${shortcut.reference} is none of this server's`);
  if (shortcut.active === 0) throw new HooktowerError("conflict", `Shortcut ${shortcut.reference} is archived`);
  const common = { serverId, user, label, unit, trusted: true, ...(signal && { signal }) };
  const { action, command_id: commandId, plan_id: planId, use_sudo: useSudo } = shortcut;
  if (action === "plan" && planId !== null) return { action, ...(await runs.startPlan({ ...common, planId, callId })) };
  if (action === "command" && commandId !== null)
    return { action, ...(await runs.startCommand({ ...common, commandId, ...(useSudo === 0 && { sudo: false }) })) };
  throw new HooktowerError("conflict", `Shortcut ${shortcut.reference} names nothing to run`);
}
