import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { openDatabase } from "../../src/db/open.ts";
import { silentLogger, type Logger } from "../../src/lib/logger.ts";

/** Where an empty database may be made; disposing of it removes all that was made there. */
export interface TestLocation extends AsyncDisposable {
  readonly url: string | undefined;
  readonly dataDir: string;
}

/** One kind of database for tests. */
export interface TestDatabases {
  readonly dialect: Database["dialect"];
  /** A database of its own with the whole schema and no records; closed and removed by `await using`. */
  readonly openFreshDatabase: (logger?: Logger) => Promise<Database & AsyncDisposable>;
  /** Room for a database that does not exist yet, for tests of opening and of several processes. */
  readonly createLocation: () => Promise<TestLocation>;
}

const POSTGRES_URL = process.env["HOOKTOWER_TEST_POSTGRES"] ?? "postgres://root@127.0.0.1:5432/postgres";

const postgresProblem = await findPostgresProblem();

/**
 * Runs the tests of `body` on SQLite and on PostgreSQL. Where no PostgreSQL answers, its tests are
 * skipped, and the reason is in their title; with CI set they fail.
 */
export function describeEachDatabase(body: (databases: TestDatabases) => void): void {
  describe("SQLite", () => body(createSqliteDatabases()));
  describePostgres(body);
}

/** Runs the tests of `body` on PostgreSQL only, under the conditions of `describeEachDatabase`. */
export function describePostgres(body: (databases: TestDatabases) => void): void {
  if (postgresProblem === null) {
    describe("PostgreSQL", () => body(createPostgresDatabases()));
  } else if (process.env["CI"]) {
    it("PostgreSQL is there", () => expect.fail(postgresProblem));
  } else {
    describe.skip(`PostgreSQL (skipped: ${postgresProblem})`, () => body(createPostgresDatabases()));
  }
}

export function createSqliteDatabases(): TestDatabases {
  async function createLocation(): Promise<TestLocation> {
    const dataDir = await mkdtemp(join(tmpdir(), "hooktower-test-"));
    return { url: undefined, dataDir, [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }) };
  }
  // Migrated each time: 5 to 10 of the 70 ms that opening takes, too little to copy files for.
  return makeDatabases("sqlite", createLocation, createLocation);
}

function createPostgresDatabases(): TestDatabases {
  let template: Promise<TestLocation> | null = null;

  async function createLocation(templateName = "template1"): Promise<TestLocation> {
    const name = `hooktower_test_${randomBytes(6).toString("hex")}`;
    await runAsAdmin(`create database ${name} template ${templateName}`);
    const url = new URL(POSTGRES_URL);
    url.pathname = `/${name}`;
    return {
      url: url.href,
      dataDir: "",
      [Symbol.asyncDispose]: () => runAsAdmin(`drop database ${name} with (force)`),
    };
  }

  async function createTemplate(): Promise<TestLocation> {
    const location = await createLocation();
    const db = await openDatabase({ ...location, logger: silentLogger });
    await db.close();
    return location;
  }

  async function createMigratedLocation(): Promise<TestLocation> {
    template ??= createTemplate();
    return createLocation(new URL((await template).url ?? "").pathname.slice(1));
  }

  afterAll(async () => {
    await (await template)?.[Symbol.asyncDispose]();
  });
  return makeDatabases("postgres", () => createLocation(), createMigratedLocation);
}

function makeDatabases(
  dialect: Database["dialect"],
  createLocation: () => Promise<TestLocation>,
  createMigratedLocation: () => Promise<TestLocation>,
): TestDatabases {
  async function openFreshDatabase(logger: Logger = silentLogger): Promise<Database & AsyncDisposable> {
    const location = await createMigratedLocation();
    const db = await openDatabase({ ...location, logger });
    return Object.assign(db, {
      async [Symbol.asyncDispose]() {
        await db.close();
        await location[Symbol.asyncDispose]();
      },
    });
  }
  return { dialect, openFreshDatabase, createLocation };
}

async function runAsAdmin(statement: string): Promise<void> {
  const client = new Client({ connectionString: POSTGRES_URL, connectionTimeoutMillis: 3000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** @returns null when PostgreSQL answers */
async function findPostgresProblem(): Promise<string | null> {
  try {
    await runAsAdmin("select 1");
    return null;
  } catch (error) {
    const { host } = new URL(POSTGRES_URL);
    return `no PostgreSQL at ${host}, see HOOKTOWER_TEST_POSTGRES: ${error instanceof Error ? error.message : String(error)}`;
  }
}
