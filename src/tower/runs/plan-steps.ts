import type { LineActionRow, PlanRow } from "./run-records.store.ts";

/** What follows after a line of a plan. */
export type PlanStep =
  | { readonly next: true; readonly setValues: LineActionRow["values"] }
  | { readonly next: false; readonly status: number; readonly setValues: LineActionRow["values"] };

type Action = Pick<LineActionRow, "condition" | "value_char" | "action" | "custom_exit_code" | "values">;

/**
 * The rules of the original, after a line's command ended: the line's actions are asked in turn, and the
 * first whose condition holds counts. Where none does, code 0 goes on, and another code does what the plan
 * says about errors. The last line ends the plan with the code, whatever follows from it.
 *
 * A custom exit code of 0 of an action keeps the command's code; one of the plan counts, 0 too.
 */
export function decideNext(
  status: number,
  actions: readonly Action[],
  plan: Pick<PlanRow, "on_error_action" | "custom_exit_code">,
  isLast: boolean,
): PlanStep {
  const taken = actions.find((action) => holds(status, action));
  const setValues = taken?.values ?? [];
  const { step, code } = taken
    ? {
        step: taken.action,
        code: taken.action === "ec" && taken.custom_exit_code !== 0 ? taken.custom_exit_code : status,
      }
    : decideByPlan(status, plan);
  if (step === "n" && !isLast) return { next: true, setValues };
  return { next: false, status: code, setValues };
}

function decideByPlan(status: number, plan: Pick<PlanRow, "on_error_action" | "custom_exit_code">) {
  if (status === 0) return { step: "n", code: 0 } as const;
  return { step: plan.on_error_action, code: plan.on_error_action === "ec" ? plan.custom_exit_code : status };
}

function holds(status: number, { condition, value_char }: Action): boolean {
  const value = Number(value_char);
  switch (condition) {
    case "==":
      return status === value;
    case "!=":
      return status !== value;
    case ">":
      return status > value;
    case ">=":
      return status >= value;
    case "<":
      return status < value;
    case "<=":
      return status <= value;
    default:
      return condition satisfies never;
  }
}
