import { textOf } from "./field.ts";
import { HooktowerError, type FieldError } from "../lib/errors.ts";
import type { Actor } from "./access.ts";
import type { Model, ModelRegistry, RecordValues } from "./model.ts";
import type { RecordOperations, Records } from "./records.ts";
import { findFreeReference, makeReference } from "./reference.ts";
import { isSharedModel, type ImportMode, type ImportReport } from "./yaml.format.ts";
import type { Plan, PlannedLink, PlannedRecord } from "./yaml.plan.ts";
import { findSecretWarnings } from "./yaml.secrets.ts";

export interface ImportTools {
  readonly records: Records;
  readonly models: ModelRegistry;
}

/** Carries out a plan in one transaction: a failure leaves nothing. */
export async function carryOut(plan: Plan, mode: ImportMode, actor: Actor, tools: ImportTools): Promise<ImportReport> {
  // Before the transaction: inside, nothing may wait for a compiler. Records that will be skipped
  // are checked as well, so a file is good or bad whatever the database holds.
  const records = flatten(plan.records);
  for (const record of records) await assertSound(record, mode, actor, tools.records);
  return tools.records.transaction(
    async (operations) => {
      const report = await createImporter(plan, mode, actor, tools, operations).importAll();
      report.warnings.push(...(await findSecretWarnings(records, tools.models, operations, actor)));
      return report;
    },
    { fromFile: true },
  );
}

function flatten(records: readonly PlannedRecord[]): PlannedRecord[] {
  return records.flatMap((record) => {
    const links = [...record.links.values(), ...[...record.lists.values()].flat()];
    const nested = links.flatMap((link) => (link.kind === "record" ? [link.record] : []));
    return [...flatten([...nested, ...record.companions]), record];
  });
}

async function assertSound(record: PlannedRecord, mode: ImportMode, actor: Actor, records: Records): Promise<void> {
  const compiled = await records.checkCode(record.model, record.values);
  const errors = [...record.problems, ...compiled.map((error) => locate(error, record))];
  if (errors.length === 0) return;
  const found = record.reference === null ? null : await records.find(record.model, record.reference, actor);
  const text = errors.map((error) => `${error.path}: ${error.message}`).join("; ");
  throw explain(
    new HooktowerError("invalid", text, { errors }),
    record,
    found && mode !== "create" ? "update" : "create",
  );
}

function locate(error: FieldError, record: PlannedRecord): FieldError {
  const line = record.codeLines.get(error.path);
  return line === undefined
    ? error
    : { ...error, message: `${error.message} (the code begins in line ${line} of the file)` };
}

async function explained<T>(record: PlannedRecord, action: "create" | "update", run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof HooktowerError) throw explain(thrown, record, action);
    throw thrown;
  }
}

/** The original's sentence around what Records refused. */
function explain(error: HooktowerError, record: PlannedRecord, action: "create" | "update"): HooktowerError {
  const reference = record.reference ?? textOf(record.values["name"]);
  const message =
    action === "create"
      ? `Error creating record '${reference}' in model '${record.model.name}': ${error.message}`
      : `Error updating record ${reference}: ${error.message}`;
  const errors = error.errors.map(({ path, message: text }) => ({
    path: path === "" ? record.path : `${record.path}.${path}`,
    message: text,
  }));
  return new HooktowerError(error.code, message, { errors, cause: error });
}

/** Writes the records of one plan; holds the state of one import. */
function createImporter(plan: Plan, mode: ImportMode, actor: Actor, tools: ImportTools, operations: RecordOperations) {
  const report: ImportReport = { created: [], updated: [], skipped: [], ignored: [...plan.ignored], warnings: [] };
  const topLevel = new Map(plan.records.toReversed().map((record) => [keyOf(record.model, record.reference), record]));
  const started = new Set<PlannedRecord>();
  /** Reference in the file → in the database; they differ where mode `create` made a second record. */
  const written = new Map<string, string>();

  async function importAll(): Promise<ImportReport> {
    for (const record of plan.records) await importTopLevel(record);
    return report;
  }

  async function importTopLevel(record: PlannedRecord): Promise<void> {
    if (started.has(record)) return;
    started.add(record);
    const existing = mode === "create" ? null : await findExisting(record);
    if (existing === null) await create(record);
    else if (mode === "update") await update(record, existing);
    else report.skipped.push(nameOf(record.model, existing));
  }

  /**
   * @param owner what the record belongs to, when it stands in a list of records that do
   * @returns the reference to link to
   */
  async function importNested(record: PlannedRecord, owner: RecordValues = {}): Promise<string> {
    const existing = await findExisting(record);
    if (existing === null || (mode === "create" && !isSharedModel(record.model))) return create(record, owner);
    // As in the original: what is nested and known is written in mode skip, too.
    if (mode !== "create") await update(record, existing, owner);
    return existing;
  }

  async function create(record: PlannedRecord, owner: RecordValues = {}): Promise<string> {
    const { model } = record;
    const values = { ...(await resolveValues(record, null)), ...owner };
    const wanted = record.reference ?? (model.derivedReference ? null : makeReference(textOf(values["name"]), model));
    if (wanted !== null) values["reference"] = await findFreeReference(wanted, (reference) => exists(model, reference));
    const created = await explained(record, "create", () => operations.create(model, values, actor));
    const reference = textOf(created["reference"]);
    written.set(keyOf(model, record.reference), reference);
    report.created.push(nameOf(model, reference));
    await importChildren(record, reference);
    return reference;
  }

  async function update(record: PlannedRecord, reference: string, owner: RecordValues = {}): Promise<void> {
    const values = { ...(await resolveValues(record, reference)), ...owner };
    if (Object.keys(values).length > 0) {
      await explained(record, "update", () => operations.update(record.model, reference, values, actor));
    }
    report.updated.push(nameOf(record.model, reference));
    await importChildren(record, reference);
  }

  /** Records that belong to this one. They are added to those that it has; none is taken away. */
  async function importChildren(record: PlannedRecord, parent: string): Promise<void> {
    for (const [key, items] of record.lists) {
      const field = record.model.fields[key];
      if (field?.kind !== "one2many") continue;
      const model = tools.models.get(field.relation);
      const owner = { [field.inverse]: parent };
      let unnamed = 0;
      for (const item of items) {
        if (item.kind === "record") {
          if (item.record.reference === null) unnamed += 1;
          await importNested(withDerivedReference(item.record, owner, unnamed), owner);
        } else if (await exists(model, item.reference)) {
          await explained(record, "update", () => operations.update(model, item.reference, owner, actor));
        } else {
          report.warnings.push(
            `${nameOf(record.model, parent)}: ${key} goes without ${item.reference}, there is no such ${model.name}`,
          );
        }
      }
    }
  }

  /**
   * A record without a reference is the one that an earlier import of the same file made in its place: a
   * file that is imported again changes lines instead of adding them a second time, as the original does.
   */
  function withDerivedReference(record: PlannedRecord, owner: RecordValues, number: number): PlannedRecord {
    const { derivedReference } = record.model;
    if (record.reference !== null || !derivedReference || mode === "create") return record;
    const links = [...record.links].map(([key, link]) => [
      key,
      link.kind === "reference" ? link.reference : (link.record.reference ?? ""),
    ]);
    const base = derivedReference.make({ ...(Object.fromEntries(links) as RecordValues), ...owner });
    return { ...record, reference: derivedReference.numbered ? `${base}_${number}` : base };
  }

  /** @param existing the record that is written; null for a new one */
  async function resolveValues(record: PlannedRecord, existing: string | null): Promise<RecordValues> {
    const values: RecordValues = { ...record.values };
    for (const companion of record.companions) await importNested(companion);
    for (const [key, link] of record.links) {
      const field = record.model.fields[key];
      if (field?.kind !== "many2one") continue;
      const reference = await resolveLink(field.relation, link);
      // Records refuses a required link that leads nowhere, and names the key.
      if (field.required || (await exists(tools.models.get(field.relation), reference))) values[key] = reference;
      else warnOfGap(record, key, field.relation, reference);
    }
    for (const [key, items] of record.lists) {
      const field = record.model.fields[key];
      if (field?.kind === "many2many") values[key] = await resolveList(record, key, field.relation, items, existing);
    }
    return values;
  }

  /** What the list holds already, and what the file adds. */
  async function resolveList(
    record: PlannedRecord,
    key: string,
    relation: string,
    items: readonly PlannedLink[],
    existing: string | null,
  ): Promise<string[]> {
    const before = existing === null ? null : await operations.find(record.model, existing, actor);
    const references = new Set((before?.[key] as string[] | undefined) ?? []);
    for (const item of items) {
      const reference = await resolveLink(relation, item);
      if (await exists(tools.models.get(relation), reference)) references.add(reference);
      else warnOfGap(record, key, relation, reference);
    }
    return [...references];
  }

  async function resolveLink(relation: string, link: PlannedLink): Promise<string> {
    return link.kind === "record"
      ? importNested(link.record)
      : resolveReference(tools.models.get(relation), link.reference);
  }

  function warnOfGap(record: PlannedRecord, key: string, relation: string, reference: string): void {
    const place = nameOf(record.model, record.reference);
    report.warnings.push(`${place}: ${key} stays empty, there is no ${relation} ${reference}`);
  }

  /** A record of this file that another one refers to goes first, wherever it stands. */
  async function resolveReference(model: Model, reference: string): Promise<string> {
    const key = keyOf(model, reference);
    const inFile = topLevel.get(key);
    if (inFile) await importTopLevel(inFile);
    return written.get(key) ?? reference;
  }

  async function findExisting({ model, reference }: PlannedRecord): Promise<string | null> {
    return reference !== null && (await exists(model, reference)) ? reference : null;
  }

  async function exists(model: Model, reference: string): Promise<boolean> {
    return (await operations.find(model, reference, actor)) !== null;
  }

  return { importAll };
}

function nameOf(model: Model, reference: string | null): string {
  return `${model.name} ${reference ?? "without reference"}`;
}

/** References have no spaces, so this is one of a kind. */
function keyOf(model: Model, reference: string | null): string {
  return `${model.name} ${reference ?? ""}`;
}
