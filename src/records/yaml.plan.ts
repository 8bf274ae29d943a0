import type { FieldError } from "../lib/errors.ts";
import type { Field, FieldValue } from "./field.ts";
import type { Model, ModelRegistry, RecordValues } from "./model.ts";
import { makeReference } from "./reference.ts";
import {
  ACCESS_LEVELS,
  DERIVED_LISTS,
  isInFormat,
  MODEL_KEY,
  SUPPORTED_VERSION,
  TOP_LEVEL_KEYS,
  unreadable,
  unusable,
  VERSION_KEY,
} from "./yaml.format.ts";
import type { YamlNode } from "./yaml.parse.ts";

/** A record as a file has it, read against its model; nothing looked up yet. */
export interface PlannedRecord {
  readonly model: Model;
  /** As it will be stored; null when a nested record leaves it to its name. */
  readonly reference: string | null;
  readonly values: RecordValues;
  readonly links: ReadonlyMap<string, PlannedLink>;
  /** The same for keys that hold lists. */
  readonly lists: ReadonlyMap<string, readonly PlannedLink[]>;
  /** Records nested under lists that are derived from the code: keys. */
  readonly companions: readonly PlannedRecord[];
  /** Values of a wrong kind. */
  readonly problems: readonly FieldError[];
  /** Where code begins in the file, to find the line that a compiler names. */
  readonly codeLines: ReadonlyMap<string, number>;
  /** `records.0.authenticator_id` */
  readonly path: string;
}

export type PlannedLink =
  | { readonly kind: "reference"; readonly reference: string }
  | { readonly kind: "record"; readonly record: PlannedRecord };

export interface Plan {
  readonly records: readonly PlannedRecord[];
  /** Keys that mean nothing here: `webhook github_push: color`. */
  readonly ignored: readonly string[];
}

/** @throws HooktowerError `malformed` or `invalid`, in the original's words */
export function planImport(root: YamlNode, models: ModelRegistry): Plan {
  if (root.kind !== "map" || root.entries.size === 0) throw unreadable("Yaml file doesn't contain valid data");
  assertVersion(root.entries.get(VERSION_KEY));
  const list = root.entries.get("records");
  if (list?.kind !== "list" || list.items.length === 0)
    throw unusable("YAML file doesn't contain any records", "records");
  const ignored = [...root.entries.keys()].filter((key) => !TOP_LEVEL_KEYS.includes(key)).map((key) => `file: ${key}`);
  const records = list.items.map((node, index) => planTopLevel(node, index, models, ignored));
  return { records, ignored };
}

function assertVersion(node: YamlNode | undefined): void {
  if (node?.kind !== "scalar" || !node.plain || !/^\d+$/.test(node.text)) return;
  if (Number(node.text) <= SUPPORTED_VERSION) return;
  throw unusable(
    `YAML version is higher than version supported by your Cetmix Tower instance. ${node.text} > ${SUPPORTED_VERSION}`,
    VERSION_KEY,
  );
}

function planTopLevel(node: YamlNode, index: number, models: ModelRegistry, ignored: string[]): PlannedRecord {
  const path = `records.${index}`;
  if (node.kind !== "map") throw unusable(`Record number ${index + 1} is not a mapping`, path);
  const reference = readWord(node.entries.get("reference"));
  const name = readWord(node.entries.get(MODEL_KEY));
  const record = reference ?? `number ${index + 1}`;
  if (name === null) throw unusable(`Record model is missing for record ${record}`, `${path}.${MODEL_KEY}`);
  const model = models.find(name);
  if (!model) throw unusable(`'${name}' is not a valid model`, `${path}.${MODEL_KEY}`);
  if (!isInFormat(model)) throw unusable(`Model '${name}' does not support YAML import`, `${path}.${MODEL_KEY}`);
  if (reference === null) throw unusable("Record reference is missing", `${path}.reference`);
  return planRecord(node.entries, model, path, models, ignored);
}

function planRecord(
  entries: ReadonlyMap<string, YamlNode>,
  model: Model,
  path: string,
  models: ModelRegistry,
  ignored: string[],
): PlannedRecord {
  const given = readWord(entries.get("reference"));
  const reference = given === null ? null : makeReference(given, model);
  const label = `${model.name} ${reference ?? readWord(entries.get("name")) ?? path}`;
  const values: RecordValues = {};
  const links = new Map<string, PlannedLink>();
  const lists = new Map<string, PlannedLink[]>();
  const codeLines = new Map<string, number>();
  const companions: PlannedRecord[] = [];
  const problems: FieldError[] = [];

  for (const [key, node] of entries) {
    const field = findField(model, key);
    if (key === "access_level") assertAccessLevel(node, `${path}.${key}`);
    if (field?.kind === "many2one") {
      const link = planLink(node, models.get(field.relation), `${path}.${key}`, models, ignored);
      if (link === null) values[key] = null;
      else if ("message" in link) problems.push({ path: key, message: link.message });
      else links.set(key, link);
    } else if (field?.kind === "one2many" || field?.kind === "many2many") {
      const items: PlannedLink[] = [];
      for (const [index, item] of listItems(node).entries()) {
        const link = planLink(item, models.get(field.relation), `${path}.${key}.${index}`, models, ignored);
        if (link !== null && "message" in link) problems.push({ path: `${key}.${index}`, message: link.message });
        else if (link !== null) items.push(link);
      }
      if (items.length > 0) lists.set(key, items);
    } else if (field) {
      const value = readValue(node, field);
      if (isProblem(value)) problems.push({ path: key, message: value.message });
      else values[key] = value;
      if (field.kind === "code") codeLines.set(key, node.line);
    } else if (key === "access_level") {
      // Its value was looked at above; models without the field have no use for it.
    } else if (Object.hasOwn(DERIVED_LISTS, key)) {
      const relation = models.find(DERIVED_LISTS[key] ?? "");
      companions.push(...planCompanions(node, relation, { key, path, label }, models, ignored));
    } else if (key !== "reference" && !(key === MODEL_KEY && readWord(node) === model.name)) {
      ignored.push(`${label}: ${key}`);
    }
  }
  return { model, reference, values, links, lists, companions, problems, codeLines, path };
}

/** One item may stand for a list of one, as in the original. */
function listItems(node: YamlNode): readonly YamlNode[] {
  if (node.kind === "list") return node.items;
  return isUnset(node) ? [] : [node];
}

/** Names of files come from strangers: `constructor` is no field. */
function findField(model: Model, key: string): Field | undefined {
  const field = Object.hasOwn(model.fields, key) ? model.fields[key] : undefined;
  return field?.yaml ? field : undefined;
}

function planLink(
  node: YamlNode,
  model: Model,
  path: string,
  models: ModelRegistry,
  ignored: string[],
): PlannedLink | { message: string } | null {
  if (node.kind === "list") return { message: "must be one reference or one record, not a list" };
  if (node.kind === "scalar")
    return isUnset(node) ? null : { kind: "reference", reference: makeReference(node.text, model) };
  const reference = readWord(node.entries.get("reference"));
  const isOnlyReference = [...node.entries.keys()].every((key) => key === "reference" || key === MODEL_KEY);
  if (reference !== null && isOnlyReference) return { kind: "reference", reference: makeReference(reference, model) };
  if (!isInFormat(model)) return { message: `${model.labelPlural} are not part of files: give a reference` };
  return { kind: "record", record: planRecord(node.entries, model, path, models, ignored) };
}

/** Nested keys become keys without a value; plain references say nothing that the code does not say. */
function planCompanions(
  node: YamlNode,
  model: Model | undefined,
  at: { key: string; path: string; label: string },
  models: ModelRegistry,
  ignored: string[],
): PlannedRecord[] {
  const items = node.kind === "list" ? node.items : [node];
  return items.flatMap((item, index) => {
    if (item.kind !== "map" || [...item.entries.keys()].every((key) => key === "reference")) return [];
    if (model) return [planRecord(item.entries, model, `${at.path}.${at.key}.${index}`, models, ignored)];
    ignored.push(`${at.label}: ${at.key} ${readWord(item.entries.get("reference")) ?? index + 1}`);
    return [];
  });
}

function assertAccessLevel(node: YamlNode, path: string): void {
  const word = node.kind === "scalar" ? node.text : `a ${node.kind}`;
  if (!ACCESS_LEVELS.includes(word)) throw unusable(`Wrong value for 'access_level' key: ${word}`, path);
}

/** `false`, `null`, `~` or nothing, without quotes. */
function isUnset(node: YamlNode): boolean {
  return node.kind === "scalar" && node.plain && /^(?:|~|null|Null|NULL|false|False|FALSE)$/.test(node.text);
}

function readWord(node: YamlNode | undefined): string | null {
  return node?.kind === "scalar" && !isUnset(node) && node.text.trim() !== "" ? node.text : null;
}

interface Problem {
  readonly message: string;
}

function isProblem(value: FieldValue | Problem): value is Problem {
  return typeof value === "object" && value !== null;
}

/** The field decides what a word means: `yes` is a flag's true (YAML 1.1) and a name's text. */
function readValue(node: YamlNode, field: Field): FieldValue | Problem {
  if (node.kind !== "scalar")
    return { message: `must be one value, not a ${node.kind === "map" ? "mapping" : "list"}` };
  if (field.kind === "flag") {
    if (/^(?:true|yes|on)$/i.test(node.text)) return true;
    if (/^(?:false|no|off)$/i.test(node.text)) return false;
    return { message: "must be true or false" };
  }
  if (isUnset(node)) return null;
  // The original writes times without a zone: they are UTC.
  if (field.kind === "datetime") return node.text.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/, "$1T$2Z");
  if (field.kind !== "integer") return node.text;
  return /^[-+]?\d{1,15}$/.test(node.text) ? Number(node.text) : { message: "must be a whole number" };
}
