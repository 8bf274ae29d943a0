import { HooktowerError, invalid } from "../lib/errors.ts";
import { assertAllowed, findRule, seesField, type Actor, type Operation } from "./access.ts";
import { decodeRows } from "./codec.ts";
import { compare } from "./condition.ts";
import type { RecordContext } from "./context.ts";
import { findField, type Model, type RecordValues } from "./model.ts";
import type { ListQuery, RecordPage, RecordView } from "./records.ts";
import type { RowQuery, StoredRow } from "./records.store.ts";
import { compilerOptions, filterCondition, matchesRule } from "./row-rules.ts";

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 500;

/** Reading records over one connection or transaction. */
export function createReader(context: RecordContext) {
  const { store } = context;

  async function view(model: Model, row: StoredRow, actor: Actor): Promise<RecordView> {
    const [record] = await decodeRows(model, [row], actor, context);
    if (!record) throw new Error("a row decodes to a record");
    return record;
  }

  /** @returns null for records that are not there or that the actor may not read */
  async function findRow(model: Model, reference: string, actor: Actor): Promise<StoredRow | null> {
    const rule = findRule(actor, model, "read");
    const row = await store.findByReference(model, reference);
    return row && (await matchesRule(model, row.id, rule, actor, context)) ? row : null;
  }

  /** @throws HooktowerError `not_found`; `forbidden` for a record that may be read but not changed in this way */
  async function getRow(model: Model, reference: string, actor: Actor, operation: Operation): Promise<StoredRow> {
    assertAllowed(actor, model, operation);
    const row = await findRow(model, reference, actor);
    if (!row) throw new HooktowerError("not_found", `There is no ${model.label.toLowerCase()} ${reference}`);
    if (operation !== "read") await assertMatches(model, row.id, operation, actor);
    return row;
  }

  async function assertMatches(model: Model, id: number, operation: Operation, actor: Actor): Promise<void> {
    if (await matchesRule(model, id, findRule(actor, model, operation), actor, context)) return;
    throw new HooktowerError("forbidden", `${actor.login} may not ${operation} this ${model.label.toLowerCase()}`);
  }

  async function list(model: Model, query: ListQuery, actor: Actor): Promise<RecordPage> {
    assertAllowed(actor, model, "read");
    const limit = Math.min(Math.max(query.limit ?? DEFAULT_PAGE_SIZE, 1), MAX_PAGE_SIZE);
    // The newest rows of a log are the ones that people look for.
    const descending = model.referenceField === "id";
    const conditions = [
      findRule(actor, model, "read"),
      filterCondition(model, checkFilters(query.filters ?? {}, model, actor), context),
    ];
    if (query.cursor !== undefined) conditions.push(compare("id", descending ? "<" : ">", parseCursor(query.cursor)));
    const options = compilerOptions(actor, true, context);
    const rowQuery: RowQuery = {
      where: conditions.map((condition) => ({ condition, options })),
      limit: limit + 1,
      order: [{ column: "id", descending }],
      ...(query.search && { search: { text: query.search, columns: searchColumns(model, actor) } }),
    };
    const rows = await store.list(model, rowQuery);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: await decodeRows(model, page, actor, context),
      nextCursor: rows.length > limit && last ? String(last.id) : null,
    };
  }

  async function find(model: Model, reference: string, actor: Actor): Promise<RecordView | null> {
    assertAllowed(actor, model, "read");
    const row = await findRow(model, reference, actor);
    return row ? view(model, row, actor) : null;
  }

  async function get(model: Model, reference: string, actor: Actor): Promise<RecordView> {
    return view(model, await getRow(model, reference, actor, "read"), actor);
  }

  return { view, findRow, getRow, assertMatches, list, find, get };
}

export type RecordReader = ReturnType<typeof createReader>;

function searchColumns(model: Model, actor: Actor): string[] {
  const columns = Object.entries(model.fields).flatMap(([name, field]) =>
    field.search && seesField(actor, field) ? [name] : [],
  );
  if (model.referenceField === "reference") columns.push("reference");
  return columns;
}

function checkFilters(filters: RecordValues, model: Model, actor: Actor): RecordValues {
  const unknown = Object.keys(filters).filter((name) => !isFilterable(model, name, actor));
  if (unknown.length === 0) return filters;
  throw invalid(unknown.map((path) => ({ path, message: `${model.labelPlural} cannot be filtered by ${path}` })));
}

const NOT_FILTERABLE: readonly string[] = ["secret", "password", "longText", "code", "json", "one2many"];

function isFilterable(model: Model, name: string, actor: Actor): boolean {
  const field = findField(model, name);
  if (!field) return name === model.referenceField;
  return seesField(actor, field) && !NOT_FILTERABLE.includes(field.kind);
}

function parseCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw invalid([{ path: "cursor", message: "is not a cursor of this list" }]);
}
