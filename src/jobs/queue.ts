/**
 * Work that is done later or elsewhere, kept in the database so that no process's end loses it.
 *
 * - job: a row that says what to do: its kind, which has one handler, and a payload.
 * - owner: the process that has taken a job.
 * - lease: until when nobody else takes it. The owner prolongs it; one that is gone does not.
 * - attempt: a job is begun again, later each time, when its handler throws or its owner goes away;
 *   after the most attempts of its kind it is given up: the row stays, with the error.
 *
 * A job runs at least once: a process may die after the work and before the row is deleted. A handler either
 * may be run twice, or calls `finish` in the transaction that keeps its work.
 */

import type { Kysely } from "kysely";
import type { Tables } from "../db/schema.ts";

/** A JSON object. */
export type JobPayload = Readonly<Record<string, unknown>>;

export interface JobKind {
  readonly name: string;
  /** How many of it one process runs at a time; absent: as many as it runs jobs at all. */
  readonly limit?: number;
  /** After so many attempts the job is given up; null: never, its handler sees to the end itself. Default 5. */
  readonly maxAttempts?: number | null;
}

export interface JobContext {
  /** Aborts when the job is not ours any more: the process stops, or another has taken it. */
  readonly signal: AbortSignal;
  /** From 1: how often a handler began it. What the adder of an `addTaken` job did is not counted. */
  readonly attempt: number;
  readonly jobId: number;
}

/** Resolves when the job is done. What it throws is kept with the job, which is tried again later. */
export type JobHandler = (payload: JobPayload, context: JobContext) => Promise<void>;

/** Kind → its handler. */
export type JobHandlers = Readonly<Record<string, JobHandler>>;

export interface AddOptions {
  /** Not before this time (milliseconds since 1970); absent: now. */
  readonly runAt?: number;
  /** While a job of the same kind and key waits or runs, another is not added. */
  readonly key?: string;
}

export interface JobCount {
  readonly kind: string;
  readonly waiting: number;
  readonly taken: number;
  readonly failed: number;
}

/** A transaction of the caller's, or the database. Kinds that were not declared are a bug and throw. */
type Db = Kysely<Tables>;

export interface JobQueue {
  /** @returns false when the key was taken */
  add(db: Db, kind: string, payload: JobPayload, options?: AddOptions): Promise<boolean>;
  /**
   * Adds a job that this process has begun itself. While the process lives nobody else takes it; when it is
   * gone, the handler of its kind goes on with it. Whoever adds it calls `finish` or `giveBack`.
   *
   * @returns its id
   * @throws HooktowerError `unavailable` after `stop`
   */
  addTaken(db: Db, kind: string, payload: JobPayload): Promise<number>;
  /** Deletes a job that this process has. @returns false when it is not (or no more) this process's */
  finish(db: Db, id: number): Promise<boolean>;
  /** Leaves a job of `addTaken` to the handler of its kind, here or elsewhere, now. */
  giveBack(id: number): Promise<void>;
  /** Aborts when a job of this process is its own no more; aborted for any other job. */
  signalOf(id: number): AbortSignal;
  /**
   * Begins to take jobs. Without it jobs are added, and those of `addTaken` kept, and no more.
   *
   * @param handlers one for each declared kind, and no others: everything else throws
   */
  start(handlers: JobHandlers): void;
  /**
   * Takes no more; waits for the jobs under way for up to `graceMs`, then aborts their signals; gives what is
   * left back, so that others need not wait for the end of its lease.
   */
  stop(graceMs: number): Promise<void>;
  /** Of each kind that has any: for metrics. */
  count(): Promise<readonly JobCount[]>;
}
