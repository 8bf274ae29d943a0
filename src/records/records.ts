import type { Transaction } from "kysely";
import type { Tables } from "../db/schema.ts";
import type { WriteStatement } from "../db/statements.ts";
import type { FieldError } from "../lib/errors.ts";
import type { Actor } from "./access.ts";
import type { OperationsById } from "./by-id.ts";
import type { Model, RecordValues } from "./model.ts";

/** A record as it is read: every readable field, its reference, and when it was made and changed. */
export type RecordView = RecordValues;

export interface ListQuery {
  /** Equality on fields: `{ active: true, authenticator_id: "github" }`. */
  readonly filters?: RecordValues;
  /** Text to find in names, references and other short fields, whatever the case. */
  readonly search?: string;
  /** At most this many, 1 to 500. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface RecordPage {
  readonly items: readonly RecordView[];
  readonly nextCursor: string | null;
}

/**
 * What can be done with the records of every model, under the rules for the acting user.
 * All throw HooktowerError: `forbidden`, `not_found`, `invalid` (with every bad field), `conflict`.
 */
export interface RecordOperations {
  list(model: Model, query: ListQuery, actor: Actor): Promise<RecordPage>;
  get(model: Model, reference: string, actor: Actor): Promise<RecordView>;
  find(model: Model, reference: string, actor: Actor): Promise<RecordView | null>;
  /** @param id one that `reserveIds` gave for it; absent: the next */
  create(model: Model, values: RecordValues, actor: Actor, id?: number): Promise<RecordView>;
  update(model: Model, reference: string, values: RecordValues, actor: Actor): Promise<RecordView>;
  delete(model: Model, reference: string, actor: Actor): Promise<void>;
  /** A new record with the same values, and `overrides` over them. */
  copy(model: Model, reference: string, overrides: RecordValues, actor: Actor): Promise<RecordView>;
}

export interface TransactionOptions {
  readonly keep: boolean;
  /** What is changed; says whether others have to be told that configuration changed. */
  readonly models: readonly Model[];
}

/** What came of a transaction that was taken back. */
export interface TakenBack<T> {
  readonly value: T;
  /** What it wrote, in the order in which it did. */
  readonly writes: readonly WriteStatement[];
}

/**
 * Does what has to be done before a record is deleted, for an actor who may delete it. What it throws keeps the
 * record.
 *
 * @returns whether the record is to be deleted now; false: somebody sees to that later
 */
export type BeforeDelete = (id: number, actor: Actor) => Promise<boolean>;

export interface Records extends Omit<RecordOperations, "delete"> {
  /** @returns false when it is deleted later: see `beforeDelete` */
  delete(model: Model, reference: string, actor: Actor): Promise<boolean>;
  /** One for a model at most. Records that go with others, or in somebody's transaction, go without. */
  beforeDelete(model: Model, hook: BeforeDelete): void;
  /**
   * For those who delete in a transaction of their own: does what has to be done before.
   *
   * @returns as `BeforeDelete`; true, too, when the actor may not delete the record, which deleting then says
   */
  prepareDelete(model: Model, id: number, actor: Actor): Promise<boolean>;
  /**
   * Compiles the code among the values; `create`, `update` and `copy` do it by themselves.
   * Inside `transaction` nothing waits for a compiler: whoever opens one checks before.
   */
  checkCode(model: Model, values: RecordValues): Promise<readonly FieldError[]>;
  /**
   * Checks values field by field, compiles code and hashes passwords, as `create` and `update` do before
   * their transaction. For those who bring a transaction of their own.
   *
   * @returns the values to write
   */
  prepare(model: Model, values: RecordValues, mode: "create" | "update"): Promise<RecordValues>;
  /**
   * Several changes as one: all are kept or, when `work` throws, none.
   *
   * @param options `fromFile`: for records from files, which cannot hold passwords
   */
  transaction<T>(
    work: (records: RecordOperations, trx: Transaction<Tables>) => Promise<T>,
    options?: { readonly fromFile?: boolean },
  ): Promise<T>;
  /** Records by id, as programs have them, over what is committed. */
  readonly byId: OperationsById;
  /** A transaction over records by id. `keep` false: whatever it does is taken back. */
  transactionById<T>(
    work: (operations: OperationsById, trx: Transaction<Tables>) => Promise<T>,
    options: TransactionOptions,
  ): Promise<T>;
  /**
   * Reads and changes in a transaction, and takes it back.
   *
   * @param earlier writes to make again first, as they were
   * @throws WritesFailed when one of `earlier` fits no more; what `work` throws
   */
  inVain<T>(
    earlier: readonly WriteStatement[],
    work: (operations: OperationsById, trx: Transaction<Tables>) => Promise<T>,
  ): Promise<TakenBack<T>>;
  /** Ids that no other record of the model will have. */
  reserveIds(model: Model, count: number): Promise<readonly number[]>;
  /** Called with the model and id of each deleted record, after the commit. */
  onDelete(listener: (model: Model, id: number) => void): void;
}
