import {
  DeleteQueryNode,
  InsertQueryNode,
  UpdateQueryNode,
  type CompiledQuery,
  type KyselyPlugin,
  type RootOperationNode,
  type Transaction,
} from "kysely";
import type { Tables } from "./schema.ts";

/** A statement that changes rows, ready to be made again. */
export type WriteStatement = Pick<CompiledQuery, "sql" | "parameters">;

/**
 * A transaction that also notes what it writes.
 *
 * @returns `trx` to work with, and the statements that went through it, in their order
 */
export function noteWrites(trx: Transaction<Tables>): {
  readonly trx: Transaction<Tables>;
  readonly writes: readonly WriteStatement[];
} {
  const writes: WriteStatement[] = [];
  const notes: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      if (isWrite(node)) {
        const { sql, parameters } = trx.getExecutor().compileQuery(node, queryId);
        writes.push({ sql, parameters });
      }
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { trx: trx.withPlugin(notes), writes };
}

function isWrite(node: RootOperationNode): boolean {
  return InsertQueryNode.is(node) || UpdateQueryNode.is(node) || DeleteQueryNode.is(node);
}

const BATCH = Symbol("batch");

/** What drivers recognize as several statements in one. */
interface BatchQuery extends CompiledQuery {
  readonly [BATCH]: readonly WriteStatement[];
}

/**
 * Makes writes again as they were, all of them in one round trip. Nothing is asked and nothing is read.
 *
 * @throws WritesFailed when one fails: the rows are not as they were, and the transaction is of no use
 */
export async function makeWritesAgain(trx: Transaction<Tables>, writes: readonly WriteStatement[]): Promise<void> {
  if (writes.length === 0) return;
  const query: BatchQuery = { [BATCH]: writes, sql: "", parameters: [], query: EMPTY, queryId: { queryId: "batch" } };
  try {
    await trx.executeQuery(query);
  } catch (cause) {
    throw new WritesFailed("what was written before cannot be written again", { cause });
  }
}

export class WritesFailed extends Error {
  override readonly name = "WritesFailed";
}

const EMPTY = { kind: "RawNode", sqlFragments: [], parameters: [] } as const;

/** @returns the statements of a query that is several in one; null for any other */
export function findBatch(query: CompiledQuery): readonly WriteStatement[] | null {
  return BATCH in query ? (query as BatchQuery)[BATCH] : null;
}
