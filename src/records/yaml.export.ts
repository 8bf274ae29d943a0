import { textOf } from "./field.ts";
import { Document, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { invalid } from "../lib/errors.ts";
import { assertAllowed, isAllowed, type Actor } from "./access.ts";
import type { Field, FieldValue } from "./field.ts";
import type { Model, ModelRegistry } from "./model.ts";
import type { Records, RecordView } from "./records.ts";
import { isInFormat, MODEL_KEY, SUPPORTED_VERSION, VERSION_KEY } from "./yaml.format.ts";
import { findCodeSecrets } from "./yaml.secrets.ts";

/** Model name → references of the records to write. */
export type ExportSelection = Readonly<Record<string, readonly string[]>>;

const HEADER = " Written by Hooktower in the format of Cetmix Tower. Values of secrets are not part of it.";

/** Line ends of YAML 1.1, which stand in double quotes only (see `scalar`) and must not be folded. */
const ESCAPES: Readonly<Record<string, string>> = { "\u0085": "\\N", "\u2028": "\\L", "\u2029": "\\P" };

interface ExportTools {
  readonly records: Records;
  readonly models: ModelRegistry;
}

/**
 * The text of a file. Records that others refer to come first; with `explode` the others hold
 * whole records where they refer to one that is not in the file yet.
 */
export async function writeExport(
  selection: ExportSelection,
  explode: boolean,
  actor: Actor,
  tools: ExportTools,
): Promise<string> {
  const selected = resolveSelection(selection, tools.models);
  const writer = createWriter(explode, actor, tools);
  const list = new YAMLSeq<YAMLMap>();
  for (const [model, references] of selected) {
    assertAllowed(actor, model, "read");
    for (const reference of new Set(references)) list.items.push(await writer.writeTopLevel(model, reference));
  }
  if (list.items.length === 0) throw invalid([{ path: "", message: "there is nothing to export" }]);
  const root = new YAMLMap();
  root.set(VERSION_KEY, SUPPORTED_VERSION);
  root.set("records", list);
  const document = new Document(root, { schema: "core", compat: "yaml-1.1" });
  document.commentBefore = HEADER;
  const text = document.toString({ lineWidth: 0, indentSeq: false, blockQuote: "literal", singleQuote: false });
  return text.replace(/[\u0085\u2028\u2029]/g, (lineEnd) => ESCAPES[lineEnd] ?? lineEnd);
}

/** By model, those that others refer to first. */
function resolveSelection(selection: ExportSelection, models: ModelRegistry): Array<[Model, readonly string[]]> {
  const selected = Object.entries(selection).map(([name, references]): [Model, readonly string[]] => {
    const model = models.find(name);
    if (!model || !isInFormat(model))
      throw invalid([{ path: name, message: `there is nothing called ${name} to export` }]);
    return [model, references];
  });
  return selected.toSorted(
    ([a], [b]) => depthOf(a, models) - depthOf(b, models) || models.all.indexOf(a) - models.all.indexOf(b),
  );
}

/** 0 for a model that refers to nothing, else one more than the deepest that it refers to. */
function depthOf(model: Model, models: ModelRegistry, above: readonly Model[] = []): number {
  if (above.includes(model)) return 0;
  const hasCode = Object.values(model.fields).some((field) => field.kind === "code");
  const related = Object.values(model.fields).flatMap((field) =>
    "relation" in field && field.yaml ? [models.get(field.relation)] : [],
  );
  const depths = related.map((other) => 1 + depthOf(other, models, [...above, model]));
  return Math.max(hasCode ? 1 : 0, ...depths);
}

function createWriter(explode: boolean, actor: Actor, { records, models }: ExportTools) {
  /** Records that are in the file already. */
  const written = new Set<string>();

  async function writeTopLevel(model: Model, reference: string): Promise<YAMLMap> {
    const map = new YAMLMap();
    map.set(MODEL_KEY, model.name);
    await writeFields(map, model, await records.get(model, reference, actor));
    return map;
  }

  async function writeFields(map: YAMLMap, model: Model, view: RecordView): Promise<void> {
    written.add(`${model.name} ${textOf(view["reference"])}`);
    map.set("reference", scalar(view["reference"] ?? null));
    for (const [name, field] of Object.entries(model.fields)) {
      if (!field.yaml) continue;
      const value = view[name] ?? null;
      if (field.kind === "many2one" && value !== null)
        map.set(name, await writeLink(models.get(field.relation), textOf(value)));
      else if (field.kind === "one2many" || field.kind === "many2many") {
        // As in the original, relations that are empty do not stand in a file.
        const items = Array.isArray(value) ? (value as string[]) : [];
        if (items.length > 0) map.set(name, await writeList(field, items));
      } else map.set(name, scalar(field.kind === "flag" ? value === true : (value ?? false)));
    }
    const secrets = "secret_ids" in model.fields ? new YAMLSeq() : await writeSecrets(model, view);
    if (secrets.items.length > 0) map.set("secret_ids", secrets);
  }

  async function writeList(field: Field & { relation: string }, references: readonly string[]): Promise<YAMLSeq> {
    const model = models.get(field.relation);
    const list = new YAMLSeq();
    // What belongs to a record has no other place in a file: it is always whole.
    for (const reference of references) list.items.push(await writeLink(model, reference, field.kind === "one2many"));
    return list;
  }

  async function writeLink(model: Model, reference: string, whole = explode): Promise<YAMLMap | Scalar> {
    if (!whole || !isInFormat(model)) return scalar(reference);
    const map = new YAMLMap();
    if (written.has(`${model.name} ${reference}`)) map.set("reference", scalar(reference));
    else await writeFields(map, model, await records.get(model, reference, actor));
    return map;
  }

  /** The keys, never their values, of the secrets that the code names and that exist. */
  async function writeSecrets(model: Model, view: RecordView): Promise<YAMLSeq> {
    const list = new YAMLSeq();
    const keyModel = models.find("key");
    if (!keyModel || !isAllowed(actor, keyModel, "read")) return list;
    for (const reference of findCodeSecrets(model, view)) {
      if ((await records.find(keyModel, reference, actor)) !== null)
        list.items.push(await writeLink(keyModel, reference));
    }
    return list;
  }

  return { writeTopLevel };
}

/** Text that other readers would take for something else is quoted; lines of text stand as a block. */
function scalar(value: FieldValue): Scalar {
  const node = new Scalar(value);
  if (typeof value !== "string") return node;
  // Line ends other than \n, and what cannot be printed, survive in double quotes only.
  const isPrintable =
    !/[^\n\t\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u.test(value);
  if (isPrintable && value.includes("\n") && value.trim() !== "") node.type = Scalar.BLOCK_LITERAL;
  else if (!isPrintable || !/^\p{L}/u.test(value)) node.type = Scalar.QUOTE_DOUBLE;
  return node;
}

/** Every record of the models that are part of the format. */
export async function selectAll(actor: Actor, { records, models }: ExportTools): Promise<ExportSelection> {
  const selection: Record<string, string[]> = {};
  for (const model of models.all.filter(isInFormat)) {
    const references: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await records.list(model, { limit: 500, ...(cursor !== null && { cursor }) }, actor);
      references.push(...page.items.filter((item) => !isOwned(model, item)).map((item) => textOf(item["reference"])));
      cursor = page.nextCursor;
    } while (cursor !== null);
    selection[model.name] = references;
  }
  return selection;
}

/** What belongs to a record of the file stands there: a line in its plan, a value on its server. */
function isOwned(model: Model, view: RecordView): boolean {
  return Object.entries(model.fields).some(
    ([name, field]) =>
      field.kind === "many2one" && field.onDelete === "cascade" && !field.yaml && (view[name] ?? null) !== null,
  );
}
