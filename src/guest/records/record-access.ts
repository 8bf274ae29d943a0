import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { Actor } from "../../records/access.ts";
import type { Records } from "../../records/records.ts";
import type { GuestUser, Input } from "../../sandbox/sandbox.ts";
import { createRecordUnit, type RecordUnit } from "./unit.ts";

/** Opens what one run does to records. */
export type OpenUnit = (actor: Actor, options: { readonly readOnly: boolean }) => RecordUnit;

export function createUnits(records: Records, tables: Kysely<Tables>): OpenUnit {
  return (actor, { readOnly }) =>
    createRecordUnit(
      {
        reading: records.byId,
        tables,
        inVain: records.inVain,
        reserve: records.reserveIds,
        keep: (models, work) => records.transactionById(work, { keep: true, models }),
      },
      actor,
      readOnly,
    );
}

/** The names through which code reaches records, as the original has them. */
export function recordInputs(user: GuestUser, towerMethods: readonly string[]): Readonly<Record<string, Input>> {
  const model = (name: string): Input => ({ kind: "recordSet", user, model: `cx.tower.${name}`, ids: [] });
  return {
    env: { kind: "environment", user },
    tower: { kind: "hostObject", user, call: "tower", methods: towerMethods },
    tower_servers: model("server"),
    tower_commands: model("command"),
    tower_plans: model("plan"),
  };
}
