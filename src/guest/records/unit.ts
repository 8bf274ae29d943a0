import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { Actor } from "../../records/access.ts";
import type { OperationsById } from "../../records/by-id.ts";
import type { Model } from "../../records/model.ts";
import type { Records } from "../../records/records.ts";
import { createChanges } from "./changes.ts";

/** A change of records that can be made again. */
export interface Change {
  /** The model that is changed. */
  readonly model: Model;
  /** How many records of the model it makes. */
  readonly makes: number;
  /** How many records it makes, changes or deletes. */
  readonly touches: number;
  /** @param ids of the records that it makes: the same each time */
  readonly apply: (operations: OperationsById, ids: readonly number[]) => Promise<void>;
}

/** Where a unit works. */
export interface UnitDatabase {
  /** Reads what is committed. */
  readonly reading: OperationsById;
  /** Tables as they are committed. */
  readonly tables: Kysely<Tables>;
  /** Reads and changes in a transaction that makes earlier writes again first, and takes it back. */
  readonly inVain: Records["inVain"];
  /** Ids that no other record will have. */
  reserve(model: Model, count: number): Promise<readonly number[]>;
  /** Changes for good, all or nothing. */
  keep(models: readonly Model[], work: (operations: OperationsById) => Promise<void>): Promise<void>;
}

/**
 * What one run does to records: one unit, kept when the code returns and dropped when it raises.
 *
 * No transaction stands open while code runs, as one that waits for an HTTP answer would hold up every
 * other write. Instead the run's changes are remembered; from the first one on, each question is asked
 * in a short transaction that writes them again and is taken back (`changes.ts`). So code reads what it wrote, meets
 * every refusal at once, and a run that only reads opens no transaction at all.
 */
export interface RecordUnit {
  readonly actor: Actor;
  readonly readOnly: boolean;
  read<T>(work: (operations: OperationsById) => Promise<T>): Promise<T>;
  /** Asks tables as the run sees them, under no rule: for the tower's own questions, never for the code's. */
  query<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /**
   * @returns the ids of the records that it makes
   * @throws what the change meets; it is then forgotten
   */
  change(change: Change): Promise<readonly number[]>;
  /** @throws what the changes meet in the database as it is by now; none of them is kept then */
  keep(): Promise<void>;
  /** Forgets the changes: whoever still asks sees what is committed. To be called when the run is over. */
  drop(): void;
}

/** Writing n changes again for each of n costs n²: with 200 it is 20,000 statements. */
const MAX_CHANGES = 200;
/** While they are made again, nobody else writes to SQLite: this many take some tenths of a second. */
const MAX_TOUCHED = 1000;

export function createRecordUnit(database: UnitDatabase, actor: Actor, readOnly: boolean): RecordUnit {
  const changes = createChanges(database);
  let touched = 0;

  return {
    actor,
    readOnly,
    async read(work) {
      return changes.count === 0 ? work(database.reading) : changes.ask(work);
    },
    async query(work) {
      return changes.count === 0 ? work(database.tables) : changes.ask((_operations, trx) => work(trx));
    },
    async change(change) {
      if (touched + change.touches > MAX_TOUCHED)
        throw new TooManyChanges(`One run can make, change or delete ${MAX_TOUCHED} records`);
      if (changes.count >= MAX_CHANGES)
        throw new TooManyChanges(
          `One run can change records ${MAX_CHANGES} times: write several records with one call`,
        );
      const ids = change.makes === 0 ? [] : await database.reserve(change.model, change.makes);
      await changes.add(change, ids);
      touched += change.touches;
      return ids;
    },
    async keep() {
      if (changes.count > 0) await database.keep(changes.models, changes.applyAll);
    },
    drop() {
      changes.forget();
    },
  };
}

export class TooManyChanges extends Error {
  override readonly name = "TooManyChanges";
}
