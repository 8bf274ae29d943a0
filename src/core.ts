import { createCallLogStore, type CallLogStore } from "./calls/call-log.store.ts";
import type { Database } from "./db/database.ts";
import { openDatabase } from "./db/open.ts";
import { systemClock, type Clock } from "./lib/clock.ts";
import { HooktowerError } from "./lib/errors.ts";
import type { Logger } from "./lib/logger.ts";
import { models } from "./models.ts";
import type { ModelRegistry } from "./records/model.ts";
import type { Records } from "./records/records.ts";
import { createRecords } from "./records/records.service.ts";
import { createSecretCipher, SecretCipherError, type SecretCipher } from "./records/secret-cipher.ts";
import { createYamlService, type YamlService } from "./records/yaml.service.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { loadSecretKey } from "./settings/secret-key.ts";
import { SettingsError, type Settings } from "./settings/settings.ts";
import { createTowerSettings, type TowerSettingsService } from "./settings/tower-settings.service.ts";
import { createCodeCheck } from "./tower/code-check.ts";
import { createSecrets, type Secrets } from "./tower/keys/secrets.service.ts";
import type { Account } from "./users/account.ts";
import { createAccounts, type Accounts } from "./users/accounts.service.ts";
import { createPasswords } from "./users/passwords.ts";

/** What works on the database without a server: all that the command line needs. */
export interface Core extends AsyncDisposable {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly db: Database;
  readonly models: ModelRegistry;
  readonly records: Records;
  readonly accounts: Accounts;
  readonly secrets: Secrets;
  readonly cipher: SecretCipher;
  readonly callLog: CallLogStore;
  readonly yaml: YamlService;
  readonly towerSettings: TowerSettingsService;
  /** @throws HooktowerError `not_found` */
  findActor(login: string): Promise<Account>;
}

/**
 * Opens the database, brings it up to date, and builds what works on it.
 *
 * @param sandbox starts (or hands out) the sandbox that compiles code before it is saved
 * @throws SettingsError when the settings point at a database or key that cannot be used
 */
export async function openCore(settings: Settings, logger: Logger, sandbox: () => Sandbox): Promise<Core> {
  const clock = systemClock;
  const secretKey = await loadSecretKey(settings);
  const db = await openDatabase({ url: settings.databaseUrl, dataDir: settings.dataDir, logger });
  try {
    const cipher = createSecretCipher(secretKey);
    const secrets = createSecrets(db.main, cipher, logger);
    await secrets.assertKeyFits();
    const passwords = createPasswords();
    const accounts = createAccounts({ db, clock, passwords, logger });
    const records = createRecords({
      db,
      models,
      cipher,
      clock,
      hashPassword: passwords.hash,
      checkCode: createCodeCheck(sandbox),
    });
    return {
      settings,
      clock,
      db,
      models,
      records,
      accounts,
      secrets,
      cipher,
      callLog: createCallLogStore(db),
      yaml: createYamlService({ records, models }),
      towerSettings: createTowerSettings({ db, clock }),
      async findActor(login) {
        const account = await accounts.findByLogin(login);
        if (!account) throw new HooktowerError("not_found", `There is no active user ${login}`);
        return account;
      },
      [Symbol.asyncDispose]: () => db.close(),
    };
  } catch (error) {
    await db.close();
    if (!(error instanceof SecretCipherError)) throw error;
    throw new SettingsError("HOOKTOWER_SECRET_KEY is not the key that the stored secrets were encrypted with");
  }
}
