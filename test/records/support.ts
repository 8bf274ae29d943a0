import { models } from "../../src/models.ts";
import type { Actor } from "../../src/records/access.ts";
import type { RecordValues } from "../../src/records/model.ts";
import { createRecords, type RecordsDependencies } from "../../src/records/records.service.ts";
import { createSecretCipher } from "../../src/records/secret-cipher.ts";
import { createPasswords } from "../../src/users/passwords.ts";
import { makeUser } from "../db/rows.ts";
import type { TestDatabases } from "../support/databases.ts";

/** Hashing a password as in production takes a fifth of a second of a core. */
const CHEAP_COST = { N: 16, r: 1, p: 1 };

export const SECRET_KEY = "the secret key of these tests";

export const ROOT: Actor = { userId: 1, login: "root", group: "root" };

/** Records on a fresh database, with the user `root` that acts. */
export async function openRecords(
  open: TestDatabases["openFreshDatabase"],
  checkCode: RecordsDependencies["checkCode"] = async () => null,
) {
  const db = await open();
  await db.main
    .insertInto("users")
    .values(makeUser("root", { group: "root" }))
    .execute();
  const records = createRecords({
    db,
    models,
    cipher: createSecretCipher(SECRET_KEY),
    clock: { now: () => Date.parse("2026-11-24T12:00:00Z") },
    hashPassword: createPasswords(CHEAP_COST).hash,
    checkCode,
  });
  return {
    db,
    records,
    create: (model: string, values: RecordValues, actor = ROOT) => records.create(models.get(model), values, actor),
    update: (model: string, reference: string, values: RecordValues) =>
      records.update(models.get(model), reference, values, ROOT),
    copy: (model: string, reference: string, values: RecordValues = {}) =>
      records.copy(models.get(model), reference, values, ROOT),
    remove: (model: string, reference: string) => records.delete(models.get(model), reference, ROOT),
    get: (model: string, reference: string) => records.get(models.get(model), reference, ROOT),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}
