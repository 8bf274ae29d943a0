import { z } from "zod";
import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import { HooktowerError } from "../lib/errors.ts";
import type { Actor } from "../records/access.ts";
import { createTowerSettingsStore } from "./tower-settings.store.ts";

const MAX_DAYS = 36_500;
const message = `must be a whole number of days from 1 to ${MAX_DAYS}`;

const webhookLogDuration = z
  .int(message)
  .min(1, message)
  .max(MAX_DAYS, message)
  .meta({ title: "Keep Webhook Logs for (days)", description: "Older calls are deleted once a day", examples: [30] });

const MAX_SECONDS = 86_400;
const timeoutMessage = `must be a whole number of seconds from 0 to ${MAX_SECONDS}`;

const commandTimeout = z
  .int(timeoutMessage)
  .min(0, timeoutMessage)
  .max(MAX_SECONDS, timeoutMessage)
  .meta({
    title: "Command timeout (seconds)",
    description: "A command that runs longer is ended on its server; 0: never",
    examples: [900],
  });

/** Settings that are changed while the process runs, under General Settings. */
export const towerSettingsSchema = z
  .object({ webhook_log_duration: webhookLogDuration, command_timeout: commandTimeout })
  .meta({ id: "Settings", title: "General settings" });

export const towerSettingsChangeSchema = z
  .strictObject({ webhook_log_duration: webhookLogDuration.optional(), command_timeout: commandTimeout.optional() })
  .meta({ id: "SettingsUpdate", title: "Changes of general settings", examples: [{ webhook_log_duration: 60 }] });

export interface TowerSettings {
  readonly webhook_log_duration: number;
  readonly command_timeout: number;
}

const DEFAULT_TOWER_SETTINGS: TowerSettings = { webhook_log_duration: 30, command_timeout: 900 };

export interface TowerSettingsService {
  get(): Promise<TowerSettings>;
  /**
   * @returns the settings as they are now
   * @throws HooktowerError `forbidden` for all but Root
   */
  update(changes: Partial<TowerSettings>, actor: Actor): Promise<TowerSettings>;
}

export function createTowerSettings({ db, clock }: { db: Database; clock: Clock }): TowerSettingsService {
  const store = createTowerSettingsStore(db.main);
  const get = async () => (await store.find()) ?? DEFAULT_TOWER_SETTINGS;

  return {
    get,
    async update(changes, actor) {
      if (actor.group !== "root") throw new HooktowerError("forbidden", `${actor.login} may not change settings`);
      await db.changeConfiguration(async (trx) => {
        const inside = createTowerSettingsStore(trx);
        const before = (await inside.find()) ?? DEFAULT_TOWER_SETTINGS;
        await inside.save({ ...before, ...changes }, clock.now());
      });
      return get();
    },
  };
}
