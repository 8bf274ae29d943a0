import { PostgresDialect, PostgresDriver, type DatabaseConnection, type Dialect } from "kysely";
import type { Pool } from "pg";
import type { Activity } from "../activity.ts";
import { findBatch } from "../statements.ts";
import { cleanText } from "./clean-text.ts";
import { writeOut } from "./written-out.ts";

/** Kysely's dialect for PostgreSQL; text is cleaned, and closing waits for what is under way. */
export function createPoolDialect(pool: Pool, activity: Activity): Dialect {
  const dialect = new PostgresDialect({ pool });
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => new PoolDriver(pool, activity),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

class PoolDriver extends PostgresDriver {
  readonly #activity: Activity;
  readonly #cleaned = new WeakSet<DatabaseConnection>();

  constructor(pool: Pool, activity: Activity) {
    super({ pool });
    this.#activity = activity;
  }

  override async acquireConnection(
    ...options: Parameters<PostgresDriver["acquireConnection"]>
  ): Promise<DatabaseConnection> {
    this.#activity.begin();
    try {
      const connection = await super.acquireConnection(...options);
      if (!this.#cleaned.has(connection)) this.#cleanParameters(connection);
      return connection;
    } catch (error) {
      this.#activity.end();
      throw error;
    }
  }

  override async releaseConnection(...values: Parameters<PostgresDriver["releaseConnection"]>): Promise<void> {
    try {
      await super.releaseConnection(...values);
    } finally {
      this.#activity.end();
    }
  }

  override async destroy(): Promise<void> {
    await this.#activity.finish();
    await super.destroy();
  }

  /** On the connection, not in a Kysely plugin: a plugin would walk the tree of every query. */
  #cleanParameters(connection: DatabaseConnection): void {
    this.#cleaned.add(connection);
    const execute = connection.executeQuery.bind(connection);
    connection.executeQuery = (query, options) => {
      const batch = findBatch(query);
      if (batch !== null) return execute({ ...query, sql: writeOut(batch) }, options);
      return execute({ ...query, parameters: query.parameters.map(cleanText) }, options);
    };
  }
}
