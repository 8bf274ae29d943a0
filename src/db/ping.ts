import { setTimeout as sleep } from "node:timers/promises";
import { sql, type Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/** Whether every one of `databases` answers within `timeoutMs`. */
export async function pingAll(databases: ReadonlyArray<Kysely<Tables>>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController();
  const answers = Promise.all(databases.map((db) => sql`select 1`.execute(db))).then(
    () => true,
    () => false,
  );
  const late = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([answers, late]);
  } finally {
    timer.abort();
  }
}
