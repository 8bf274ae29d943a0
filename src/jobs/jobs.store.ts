import { sql, type Kysely } from "kysely";
import type { Database } from "../db/database.ts";
import type { Tables } from "../db/schema.ts";
import type { JobCount } from "./queue.ts";

/** The table `jobs`. Times are milliseconds since 1970. */

type Db = Kysely<Tables>;

export interface NewJob {
  readonly kind: string;
  /** JSON. */
  readonly payload: string;
  readonly now: number;
}

/** @returns false when a job of the same kind and key is there */
export async function insertJob(
  db: Db,
  { kind, payload, now, key, runDate }: NewJob & { readonly key: string | null; readonly runDate: number },
): Promise<boolean> {
  const row = { kind, payload, key, create_date: now, run_date: runDate, attempts: 0 };
  const result = await db
    .insertInto("jobs")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function insertTakenJob(
  db: Db,
  { kind, payload, now, owner, leaseEnd }: NewJob & { readonly owner: string; readonly leaseEnd: number },
): Promise<number> {
  const row = { kind, payload, create_date: now, run_date: now, attempts: 0, owner, lease_end: leaseEnd };
  return (await db.insertInto("jobs").values(row).returning("id").executeTakeFirstOrThrow()).id;
}

export interface Claim {
  readonly owner: string;
  readonly kinds: readonly string[];
  /** Other owners, whose leases count no more. */
  readonly endedOwners: readonly string[];
  readonly now: number;
  readonly leaseEnd: number;
  /** How many at most. */
  readonly limit: number;
}

/** Takes the jobs that have been due for longest. @returns them in the order in which they were due */
export async function claimJobs({ dialect, main }: Database, claim: Claim) {
  const { owner, kinds, endedOwners, now, leaseEnd, limit } = claim;
  const due = main
    .selectFrom("jobs")
    .select("id")
    .where("failed_date", "is", null)
    .where("run_date", "<=", now)
    .where("kind", "in", kinds)
    .where(({ or, and, eb }) =>
      or([
        eb("owner", "is", null),
        // A process that stood still (a suspended machine) prolongs its own leases; it does not take them again.
        and([eb("owner", "<>", owner), eb("lease_end", "<=", now)]),
        ...(endedOwners.length > 0 ? [eb("owner", "in", endedOwners)] : []),
      ]),
    )
    .orderBy("run_date")
    .orderBy("id")
    .limit(limit)
    // On SQLite there is one writer at a time anyway.
    .$if(dialect === "postgres", (query) => query.forUpdate().skipLocked());
  const rows = await main
    // Not a subquery: PostgreSQL may run one more than once, and each time lock other rows.
    .with("due", () => due)
    .updateTable("jobs")
    .set((job) => ({ owner, lease_end: leaseEnd, attempts: job("attempts", "+", 1) }))
    .where("id", "in", (query) => query.selectFrom("due").select("id"))
    .returning(["id", "kind", "payload", "attempts", "error", "run_date"])
    .execute();
  return rows.toSorted((a, b) => a.run_date - b.run_date || a.id - b.id);
}

export type ClaimedJob = Awaited<ReturnType<typeof claimJobs>>[number];

/** Prolongs all leases of an owner. @returns the ids of its jobs */
export async function renewLeases(db: Db, owner: string, leaseEnd: number): Promise<number[]> {
  const rows = await db
    .updateTable("jobs")
    .set({ lease_end: leaseEnd })
    .where("owner", "=", owner)
    .returning("id")
    .execute();
  return rows.map(({ id }) => id);
}

/** Deletes a job of an owner. @returns whether it was there */
export async function deleteTakenJob(db: Db, id: number, owner: string): Promise<boolean> {
  const result = await db.deleteFrom("jobs").where("id", "=", id).where("owner", "=", owner).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Ends an attempt that failed: the job waits until `runDate`. */
export async function delayJob(
  db: Db,
  id: number,
  { owner, runDate, error }: { readonly owner: string; readonly runDate: number; readonly error: string },
): Promise<void> {
  await db
    .updateTable("jobs")
    .set({ owner: null, lease_end: null, run_date: runDate, error })
    .where("id", "=", id)
    .where("owner", "=", owner)
    .execute();
}

/** Gives a job up. */
export async function failJob(
  db: Db,
  id: number,
  { owner, now, error }: { readonly owner: string; readonly now: number; readonly error: string },
): Promise<void> {
  await db
    .updateTable("jobs")
    .set({ owner: null, lease_end: null, failed_date: now, error })
    .where("id", "=", id)
    .where("owner", "=", owner)
    .execute();
}

/** Lets others take jobs of an owner; the attempt under way does not count. */
export async function releaseJobs(db: Db, owner: string, ids: readonly number[] | "all"): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable("jobs")
    .set({
      owner: null,
      lease_end: null,
      attempts: sql<number>`case when attempts > 0 then attempts - 1 else 0 end`,
    })
    .where("owner", "=", owner)
    .$if(ids !== "all", (query) => query.where("id", "in", ids as readonly number[]))
    .execute();
}

/** The other owners that have jobs. */
export async function findOtherOwners(db: Db, owner: string): Promise<string[]> {
  const rows = await db
    .selectFrom("jobs")
    .select("owner")
    .distinct()
    .where("owner", "is not", null)
    .where("owner", "<>", owner)
    .execute();
  return rows.map((row) => row.owner ?? "");
}

export async function findKinds(db: Db): Promise<string[]> {
  const rows = await db.selectFrom("jobs").select("kind").distinct().where("failed_date", "is", null).execute();
  return rows.map(({ kind }) => kind);
}

export async function countJobs(db: Db): Promise<JobCount[]> {
  return db
    .selectFrom("jobs")
    .select([
      "kind",
      sql<number>`coalesce(sum(case when owner is null and failed_date is null then 1 end), 0)`.as("waiting"),
      sql<number>`coalesce(sum(case when owner is not null then 1 end), 0)`.as("taken"),
      sql<number>`coalesce(sum(case when failed_date is not null then 1 end), 0)`.as("failed"),
    ])
    .groupBy("kind")
    .orderBy("kind")
    .execute();
}

/** Removes jobs that were given up before a time. */
export async function deleteJobsFailedBefore(db: Db, time: number): Promise<void> {
  await db.deleteFrom("jobs").where("failed_date", "<", time).execute();
}
