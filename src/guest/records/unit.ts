import type { Actor } from "../../records/access.ts";
import type { OperationsById } from "../../records/by-id.ts";
import type { Model } from "../../records/model.ts";

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
  /** Reads and changes in a transaction, and takes it back. */
  inVain<T>(work: (operations: OperationsById) => Promise<T>): Promise<T>;
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
 * in a short transaction that makes them again and is taken back. So code reads what it wrote, meets
 * every refusal at once, and a run that only reads opens no transaction at all.
 */
export interface RecordUnit {
  readonly actor: Actor;
  readonly readOnly: boolean;
  read<T>(work: (operations: OperationsById) => Promise<T>): Promise<T>;
  /**
   * @returns the ids of the records that it makes
   * @throws what the change meets; it is then forgotten
   */
  change(change: Change): Promise<readonly number[]>;
  /** @throws what the changes meet in the database as it is by now; none of them is kept then */
  keep(): Promise<void>;
}

/** Making n changes again for each of n costs n². */
const MAX_CHANGES = 200;
/** While they are made again, nobody else writes to SQLite: this many take some tenths of a second. */
const MAX_TOUCHED = 1000;

export function createRecordUnit(database: UnitDatabase, actor: Actor, readOnly: boolean): RecordUnit {
  const changes: Array<{ readonly change: Change; readonly ids: readonly number[] }> = [];

  let touched = 0;

  async function replay(operations: OperationsById): Promise<void> {
    for (const { change, ids } of changes) await change.apply(operations, ids);
  }

  return {
    actor,
    readOnly,
    async read(work) {
      if (changes.length === 0) return work(database.reading);
      return database.inVain(async (operations) => {
        await replay(operations);
        return work(operations);
      });
    },
    async change(change) {
      if (touched + change.touches > MAX_TOUCHED)
        throw new TooManyChanges(`One run can make, change or delete ${MAX_TOUCHED} records`);
      if (changes.length >= MAX_CHANGES)
        throw new TooManyChanges(
          `One run can change records ${MAX_CHANGES} times: write several records with one call`,
        );
      const ids = change.makes === 0 ? [] : await database.reserve(change.model, change.makes);
      await database.inVain(async (operations) => {
        await replay(operations);
        await change.apply(operations, ids);
      });
      changes.push({ change, ids });
      touched += change.touches;
      return ids;
    },
    async keep() {
      if (changes.length === 0) return;
      const models = changes.map(({ change }) => change.model);
      await database.keep(models, replay);
    },
  };
}

export class TooManyChanges extends Error {
  override readonly name = "TooManyChanges";
}
