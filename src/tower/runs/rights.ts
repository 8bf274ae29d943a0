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

/** Values that a run was given count only from those who may change the server. */
export async function keepAllowedValues(
  tools: RunTools,
  serverId: number,
  values: VariableValues,
  user: CodeUser,
  unit: RecordUnit | null,
): Promise<VariableValues> {
  if (Object.keys(values).length === 0) return values;
  const model = tools.models.get("server");
  const may = await ask(tools, unit)((operations) => operations.allows(model, serverId, "update", toActor(user)));
  return may ? values : {};
}
