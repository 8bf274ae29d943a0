import { textOf } from "../../records/field.ts";
import type { RecordChange, RecordValues } from "../../records/model.ts";

/** What a plan run comes to: a plan, or a command of one of its lines. */
export interface Reached {
  readonly plan?: string;
  readonly command?: string;
}

/**
 * Whether running a plan comes back to where it began. The original also refuses a plan that runs another
 * twice, one after the other; that is no circle, and allowed here.
 *
 * @param reference of the plan
 * @returns the words of the original; null when it does not
 */
export async function findRecursion(
  reference: string,
  isOrigin: (reached: Reached) => boolean,
  { find, getModel }: Pick<RecordChange, "find" | "getModel">,
): Promise<string | null> {
  const [plan, planLine, command] = [getModel("plan"), getModel("plan_line"), getModel("command")];
  const seen = new Set<string>();
  const waiting = [reference];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const record = await find(plan, next);
    const message = `Recursive plan call detected in plan ${textOf(record?.["name"])}.`;
    if (isOrigin({ plan: next })) return message;
    if (seen.has(next)) continue;
    seen.add(next);
    for (const line of readList(record, "line_ids")) {
      const commandReference = textOf((await find(planLine, line))?.["command_id"]);
      if (isOrigin({ command: commandReference })) return message;
      const found = await find(command, commandReference);
      if (found?.["action"] === "plan" && found["flight_plan_id"]) waiting.push(textOf(found["flight_plan_id"]));
    }
  }
  return null;
}

function readList(record: RecordValues | null, field: string): readonly string[] {
  const list = record?.[field];
  return Array.isArray(list) ? list.map(textOf) : [];
}
