import type { ModelRegistry } from "../../records/model.ts";
import { HooktowerError } from "../../lib/errors.ts";
import type { CodeUser } from "../../guest/guest.ts";
import type { RecordUnit } from "../../guest/records/unit.ts";
import type { Actor } from "../../records/access.ts";
import type { OperationsById } from "../../records/by-id.ts";
import type { Read } from "../variables/variable-values.ts";
import type { RunTools } from "./run-tools.ts";
import type { VariableValues } from "./runs.ts";

export function toActor({ id, login, group }: CodeUser): Actor {
  return { userId: id, login, group };
}

/** The user with all rights: for what others have asked for, and the record still says who did it. */
export function elevate({ id, login }: Pick<CodeUser, "id" | "login">): Actor {
  return { userId: id, login, group: "root" };
}

/** Tables as the code that asks sees them, or as they are committed where no code asks. */
export function readingOf({ db }: Pick<RunTools, "db">, unit: RecordUnit | null | undefined): Read {
  return unit ? unit.query : (work) => work(db.main);
}

/**
 * Whoever may read a log of another's run may not end it yet: that takes the right to change its server.
 *
 * @throws HooktowerError `not_found`, `forbidden`
 */
export async function assertMayStop(
  operations: OperationsById,
  models: ModelRegistry,
  kind: string,
  id: number,
  actor: Actor,
): Promise<void> {
  const [log] = await operations.read(models.get(kind), [id], actor);
  if (Number(log?.row["user_id"]) === actor.userId) return;
  if (await operations.allows(models.get("server"), Number(log?.row["server_id"]), "update", actor)) return;
  throw new HooktowerError("forbidden", `${actor.login} may not stop what others run on this server`);
}

type Ask = <T>(work: (operations: OperationsById) => Promise<T>) => Promise<T>;

function ask({ records }: RunTools, unit: RecordUnit | null): Ask {
  return unit ? unit.read : (work) => work(records.byId);
}

/** @throws HooktowerError `forbidden` or `not_found` when the user may not read a record */
export async function assertMayRead(
  tools: RunTools,
  model: "server" | "command" | "plan",
  id: number,
  user: CodeUser,
  unit: RecordUnit | null,
): Promise<void> {
  await ask(tools, unit)((operations) => operations.read(tools.models.get(model), [id], toActor(user)));
}

/**
 * A directory that is given in place of the command's is text for the shell, as the command is: it takes the right
 * to change the server. Not left out as values are, for the command would run in another place than was meant.
 *
 * @throws HooktowerError `forbidden`
 */
export async function assertMayChoosePath(
  tools: RunTools,
  serverId: number,
  user: CodeUser,
  unit: RecordUnit | null,
): Promise<void> {
  if (await mayChangeServer(tools, serverId, user, unit)) return;
  throw new HooktowerError(
    "forbidden",
    `${user.login} may not choose the directory: that takes the right to change the server`,
  );
}

/** Values that a run was given count only from those who may change the server. */
export async function keepAllowedValues(
  tools: RunTools,
  serverId: number,
  values: VariableValues,
  user: CodeUser,
  unit: RecordUnit | null,
): Promise<VariableValues> {
  if (Object.keys(values).length === 0) return values;
  return (await mayChangeServer(tools, serverId, user, unit)) ? values : {};
}

async function mayChangeServer(
  tools: RunTools,
  serverId: number,
  user: CodeUser,
  unit: RecordUnit | null,
): Promise<boolean> {
  const model = tools.models.get("server");
  return ask(tools, unit)((operations) => operations.allows(model, serverId, "update", toActor(user)));
}
