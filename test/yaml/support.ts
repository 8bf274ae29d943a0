import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/db/open.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { models } from "../../src/models.ts";
import type { Actor } from "../../src/records/access.ts";
import type { RecordValues } from "../../src/records/model.ts";
import type { Records } from "../../src/records/records.ts";
import { createRecords } from "../../src/records/records.service.ts";
import { createSecretCipher } from "../../src/records/secret-cipher.ts";
import {
  createYamlService,
  type ImportMode,
  type ImportReport,
  type YamlService,
} from "../../src/records/yaml.service.ts";
import { createPasswords } from "../../src/users/passwords.ts";
import { userModel } from "../../src/users/user.model.ts";

export { models };

/** An empty tower with user `admin`, and YAML in and out of it. */
export interface YamlHouse extends AsyncDisposable {
  readonly records: Records;
  readonly yaml: YamlService;
  readonly admin: Actor;
  importText(text: string | Uint8Array, mode?: ImportMode): Promise<ImportReport>;
  /** Every record of one model, without times. */
  all(modelName: string): Promise<RecordValues[]>;
}

export async function openYamlHouse(): Promise<YamlHouse> {
  const dataDir = await mkdtemp(join(tmpdir(), "hooktower-yaml-"));
  const db = await openDatabase({ url: undefined, dataDir, logger: silentLogger });
  const records = createRecords({
    db,
    models,
    cipher: createSecretCipher("a key for tests only"),
    clock: systemClock,
    hashPassword: createPasswords().hash,
    checkCode: async (_program, source) =>
      /^import /m.test(source) ? "line 1, column 1: import is not allowed" : null,
  });
  const system: Actor = { userId: 0, login: "system", group: "root" };
  await records.create(userModel, { login: "admin", name: "Administrator", group: "root" }, system);
  const admin: Actor = { userId: 1, login: "admin", group: "root" };
  const yaml = createYamlService({ records, models });
  return {
    records,
    yaml,
    admin,
    importText: (text, mode = "skip") => yaml.importYaml(text, { mode }, admin),
    async all(modelName) {
      const page = await records.list(models.get(modelName), { limit: 500 }, admin);
      return page.items.map(({ create_date: _created, write_date: _written, ...rest }) => rest);
    },
    async [Symbol.asyncDispose]() {
      await db.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** A file with these lines under `records:`. */
export function file(records: string): string {
  return `cetmix_tower_yaml_version: 1\nrecords:\n${records.replace(/^\n/, "")}`;
}
