import { randomUUID } from "node:crypto";
import { Kysely, sql } from "kysely";
import type { PoolConfig } from "pg";
import { coerceError, HooktowerError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { createActivity } from "../activity.ts";
import { createConfiguration } from "../configuration.ts";
import type { Database } from "../database.ts";
import type { Migration } from "../migrations/list.ts";
import { migrateToLatest } from "../migrations/migrate.ts";
import { pingAll } from "../ping.ts";
import type { Owner } from "../owner.ts";
import type { Tables } from "../schema.ts";
import { createPoolDialect } from "./dialect.ts";
import { createInsertRows } from "./insert-rows.ts";
import { CHANNEL, createListenWatch } from "./listen-watch.ts";
import { createPool, makeConnectionConfig } from "./pools.ts";

/**
 * Connections of one process: 10 + 3 + 2, and one that listens. The readers have a pool of their own, so that
 * searches cannot take the connections that calls need; so have the log's inserts, so that a
 * call's answer does not wait behind the app's transactions, and so that their prepared statements (one
 * for each number of rows) are kept by two connections rather than ten.
 */
const MAIN_CONNECTIONS = 10;
const READER_CONNECTIONS = 3;
const INSERT_CONNECTIONS = 2;

/** A search that takes longer is given up by the server. */
const READER_TIMEOUT_MS = 15_000;

export interface PostgresOptions {
  readonly url: string;
  readonly logger: Logger;
  readonly applicationName: string;
  readonly migrations: readonly Migration[];
}

/** Opens the database at a `postgres://` URL. Errors as in `openDatabase`. */
export async function openPostgres({ url, logger, applicationName, migrations }: PostgresOptions): Promise<Database> {
  const config = makeConnectionConfig(url, applicationName);
  // Undone from last to first, on failure here and in `close`.
  await using opened = new AsyncDisposableStack();

  const main = createKysely({ ...config, max: MAIN_CONNECTIONS }, logger);
  opened.defer(() => main.destroy());
  await checkReachable(main, url);
  await migrateToLatest(main, "postgres", migrations);

  const reader = createKysely({ ...config, max: READER_CONNECTIONS, statement_timeout: READER_TIMEOUT_MS }, logger);
  opened.defer(() => reader.destroy());

  const inserts = createInsertRows(createPool({ ...config, max: INSERT_CONNECTIONS }, logger));
  opened.defer(() => inserts.close());

  const configuration = await createConfiguration({
    main,
    watch: createListenWatch(config, logger),
    // Reaches the others when the transaction commits, and nobody if it does not.
    announce: async (trx, version) => {
      await sql`select pg_notify(${CHANNEL}, ${String(version)})`.execute(trx);
    },
    logger,
  });
  opened.defer(() => configuration.stop());

  const owner: Owner = { id: randomUUID(), hasEnded: null };
  const resources = opened.move();
  return {
    dialect: "postgres",
    main,
    reader,
    insertRows: inserts.insertRows,
    changeConfiguration: configuration.changeConfiguration,
    onConfigurationChange: configuration.onConfigurationChange,
    getOwner: () => owner,
    ping: (timeoutMs) => pingAll([main, reader], timeoutMs),
    close: () => resources.disposeAsync(),
  };
}

function createKysely(config: PoolConfig, logger: Logger): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: createPoolDialect(createPool(config, logger), createActivity()) });
}

async function checkReachable(db: Kysely<Tables>, url: string): Promise<void> {
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    const { host, pathname } = new URL(url);
    throw new HooktowerError(
      "unavailable",
      `PostgreSQL at ${host}${pathname} cannot be reached: ${describeConnectError(error)}`,
      { cause: error },
    );
  }
}

/** A name with several addresses fails with an AggregateError that has no message of its own. */
function describeConnectError(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map((inner) => coerceError(inner).message).join("; ");
  }
  return coerceError(error).message;
}
