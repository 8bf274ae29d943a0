import type { Kysely } from "kysely";
import type { Tables } from "../db/schema.ts";
import type { TowerSettings } from "./tower-settings.service.ts";

/** The table has this one row. */
const ROW_ID = 1;

export function createTowerSettingsStore(db: Kysely<Tables>) {
  async function find(): Promise<TowerSettings | null> {
    const row = await db
      .selectFrom("settings")
      .select(["webhook_log_duration", "command_timeout"])
      .where("id", "=", ROW_ID)
      .executeTakeFirst();
    return row ?? null;
  }

  async function save(settings: TowerSettings, now: number): Promise<void> {
    const values = { ...settings, write_date: now };
    await db
      .insertInto("settings")
      .values({ id: ROW_ID, ...values })
      .onConflict((conflict) => conflict.column("id").doUpdateSet(values))
      .execute();
  }

  return { find, save };
}
