import { makeRandomLabel } from "../random-label.ts";
import type { PlanRunner } from "../run-plan.ts";
import { EXIT } from "../exit-codes.ts";
import type { Action } from "./action.ts";

/** Runs the flight plan that a command names, on the same server, to its end. */
export function createFlightPlan(start: PlanRunner["start"]): Action {
  return async ({ prepared: { server, command, variableValues }, request, logId, onOutput }) => {
    const { flight_plan_id: planId } = command;
    if (planId === null) return { status: EXIT.general, response: null, error: "The command names no flight plan" };
    const { ended } = await start({
      serverId: server.id,
      planId,
      user: request.user,
      variableValues,
      label: makeRandomLabel(),
      unit: request.unit ?? null,
      parent: { commandLogId: logId },
      ...(request.signal && { signal: request.signal }),
      ...(onOutput && { onOutput }),
    });
    const end = await ended;
    if (end === null) throw new Error("a plan run inside another has no end of its own");
    const { status } = end;
    // Why, the log of the plan run says.
    return {
      status,
      response: null,
      error: status === 0 ? null : "Flight plan running error",
      variableValues: end.variableValues,
    };
  };
}
