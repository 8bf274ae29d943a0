import { Pool, types, type ClientBase, type PoolConfig } from "pg";
import type { Logger } from "../../lib/logger.ts";

const INT8 = 20;
const NUMERIC = 1700;

/** Milliseconds to wait for a connection, whether the server does not answer or the pool is all in use. */
const CONNECT_TIMEOUT_MS = 10_000;

/** What all connections share: address, name, how values are read. */
export function makeConnectionConfig(url: string, applicationName: string): PoolConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    types: { getTypeParser },
  };
}

/**
 * As SQLite gives them: numbers are numbers. pg reads int8 (`count(*)`) and numeric (`sum` of int8) as
 * text, because they may be greater than 2^53; ours are not. Not set globally: pg may have other users.
 */
const getTypeParser = ((oid: number, format?: "text" | "binary") =>
  (oid === INT8 || oid === NUMERIC) && format !== "binary"
    ? Number
    : types.getTypeParser(oid, format)) as typeof types.getTypeParser;

/**
 * A pool that outlives its connections. When the server goes away, pg emits "error": on the pool for a connection
 * that is idle, on the connection itself for one in use; each would end the process if nobody listened.
 */
export function createPool(config: PoolConfig, logger: Logger): Pool {
  // oxlint-disable-next-line typescript/no-misused-promises -- the pool awaits it, its types do not say so
  const pool = new Pool({ ...config, onConnect: ensureDurability });
  pool.on("error", (error) => logger.warn({ err: error }, "An idle PostgreSQL connection was lost"));
  // Whoever uses it is told by the rejected query too, so this is for the curious.
  pool.on("connect", (client) =>
    client.on("error", (error) => logger.debug({ err: error }, "A PostgreSQL connection was lost")),
  );
  return pool;
}

/**
 * A commit that returns is on the server's disk. Only `off` is overruled: with replicas an administrator
 * may have asked for more than `on` (`remote_apply`), and a connection pooler forwards no start options.
 */
async function ensureDurability(client: ClientBase): Promise<void> {
  await client.query(
    "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
  );
}
