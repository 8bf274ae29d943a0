import type { Transaction } from "kysely";
import type { Tables } from "../db/schema.ts";
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

export interface Records extends RecordOperations {
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
  transactionById<T>(work: (operations: OperationsById) => Promise<T>, options: TransactionOptions): Promise<T>;
  /** Ids that no other record of the model will have. */
  reserveIds(model: Model, count: number): Promise<readonly number[]>;
  /** Called with the model and id of each deleted record, after the commit. */
  onDelete(listener: (model: Model, id: number) => void): void;
}
