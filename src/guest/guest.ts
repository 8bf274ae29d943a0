import { HooktowerError } from "../lib/errors.ts";
import type { Actor } from "../records/access.ts";
import type { GuestUser, Input, RunOutcome, RunRequest } from "../sandbox/sandbox.ts";
import { bindHostCalls, type HostCalls } from "./host-calls.ts";
import { recordInputs, type OpenUnit } from "./records/record-access.ts";

/** All that programs may ask of the tower. */
export interface Guest {
  readonly hostCalls: HostCalls;
  readonly openUnit: OpenUnit;
  /** Names of the methods of `tower`. */
  readonly towerMethods: readonly string[];
  /** How long a program may run, waiting included, in milliseconds. */
  readonly wallMs: number;
}

/** A user as code sees them. */
export interface CodeUser {
  readonly id: number;
  readonly login: string;
  readonly name: string;
  readonly email: string | null;
  readonly group: Actor["group"];
}

/** The part of a run that belongs to its user. */
export interface UserRun {
  readonly inputs: Readonly<Record<string, Input>>;
  readonly onHostCall: NonNullable<RunRequest["onHostCall"]>;
  /** Keeps what the code did to records when it returned, and drops it when it raised. */
  settle(outcome: RunOutcome): Promise<RunOutcome>;
}

/**
 * @param actor whose rights the code has over records; null: there are none to reach
 * @param shown whom the code sees as `user`
 */
export function openUserRun(
  guest: Guest,
  actor: CodeUser | null,
  shown: GuestUser,
  options: { readonly readOnly: boolean; readonly callId?: string | null },
): UserRun {
  const unit = actor && guest.openUnit({ userId: actor.id, login: actor.login, group: actor.group }, options);
  const startedAt = performance.now();
  const remainingMs = () => startedAt + guest.wallMs - performance.now();
  return {
    inputs: {
      user: { kind: "record", model: shown.model, fields: shown.fields },
      uid: { kind: "json", value: shown.id },
      ...recordInputs(shown, guest.towerMethods),
    },
    onHostCall: bindHostCalls(guest.hostCalls, { unit, user: actor, callId: options.callId ?? null, remainingMs }),
    async settle(outcome) {
      if (unit === null) return outcome;
      try {
        if (outcome.status === "completed") await unit.keep();
        return outcome;
      } catch (error) {
        // Somebody else was quicker: a name that was free is taken, a record is gone.
        if (!(error instanceof HooktowerError)) throw error;
        const message = `What the code did to records could not be kept: ${error.message}`;
        const { log, comparedWithSecret, kept } = outcome;
        return {
          log,
          comparedWithSecret,
          kept,
          status: "raised",
          type: "UserError",
          message,
          line: null,
          traceback: message,
        };
      } finally {
        // What the code began and left running goes on with what is committed.
        unit.drop();
      }
    },
  };
}

export function toGuestUser({ id, login, name, email }: Pick<CodeUser, "id" | "login" | "name" | "email">): GuestUser {
  return { id, model: "res.users", fields: { id, login, name, email: email ?? false } };
}
