import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  Scalar,
  type Document,
  type Node,
} from "yaml";
import { HooktowerError } from "../lib/errors.ts";
import { unreadable } from "./yaml.format.ts";

/**
 * A value of a file with the line it stands on. Scalars keep their text: whether `1e5`, `yes` or
 * `0x10` is text or a number is decided by the field that takes it, never by how it looks. (The
 * original reads YAML 1.1, most other tools 1.2; the two disagree about such words.)
 */
export type YamlNode =
  | { readonly kind: "scalar"; readonly text: string; readonly plain: boolean; readonly line: number }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, YamlNode>; readonly line: number }
  | { readonly kind: "list"; readonly items: readonly YamlNode[]; readonly line: number };

const MAX_BYTES = 5 * 1024 * 1024;
/** Structure costs far more time than text: 5 MiB of `a,` take 12 s to parse, of code 50 ms. */
const MAX_TOKENS = 200_000;
const MAX_DEPTH = 40;
const MAX_ALIASES = 100;
const MAX_NODES = 200_000;
const PLAIN_TAGS = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * Reads one YAML document without running, resolving or guessing anything in it.
 *
 * @throws HooktowerError `malformed` or `too_large`
 */
export function parseYaml(file: string | Uint8Array): YamlNode {
  const text = decode(file);
  assertFewTokens(text);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    // Every scalar stays text; duplicate keys are looked for below, in linear time.
    schema: "failsafe",
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const problem = document.errors[0];
  if (problem?.code === "RESOURCE_EXHAUSTION") throw invalidYaml("nested too deep");
  if (problem) throw invalidYaml(problem.message, lines, problem.pos[0]);
  return convert(document, lines);
}

function decode(file: string | Uint8Array): string {
  const bytes = typeof file === "string" ? Buffer.byteLength(file) : file.byteLength;
  if (bytes > MAX_BYTES) throw new HooktowerError("too_large", "YAML file is larger than 5 MiB");
  const text = typeof file === "string" ? file : decodeUtf8(file);
  if (text.trim() === "") throw unreadable("File is empty");
  return text;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new HooktowerError("malformed", "YAML file cannot be decoded properly", { cause: error });
  }
}

function assertFewTokens(text: string): void {
  let count = 0;
  for (const _token of new Lexer().lex(text)) {
    count += 1;
    if (count > MAX_TOKENS)
      throw new HooktowerError("too_large", `YAML file has more than ${MAX_TOKENS} marks, keys and values`);
  }
}

/** Nodes of the library → ours: aliases and merge keys resolved, everything bounded. */
function convert(document: Document.Parsed, lines: LineCounter): YamlNode {
  let nodes = 0;
  let aliases = 0;

  function visit(node: unknown, depth: number): YamlNode {
    nodes += 1;
    if (nodes > MAX_NODES) throw invalidYaml("too many values");
    if (node === null) return { kind: "scalar", text: "", plain: true, line: 1 };
    if (isAlias(node)) {
      aliases += 1;
      if (aliases > MAX_ALIASES) throw invalidYaml(`more than ${MAX_ALIASES} aliases`, lines, startOf(node));
      const target = node.resolve(document);
      if (!target) throw invalidYaml(`alias *${node.source} has no anchor before it`, lines, startOf(node));
      return visit(target, depth + 1);
    }
    if (depth > MAX_DEPTH) throw invalidYaml("nested too deep", lines, startOf(node as Node));
    assertNoTag(node as Node);
    const line = lineOf(lines, startOf(node as Node));
    if (isScalar<string | null>(node)) {
      const text = node.value ?? "";
      return { kind: "scalar", text, plain: isPlain(node), line: isBlock(node) ? line + 1 : line };
    }
    if (isSeq(node)) return { kind: "list", items: node.items.map((item) => visit(item, depth + 1)), line };
    if (isMap(node)) return { kind: "map", entries: visitEntries(node.items, depth), line };
    throw invalidYaml("a kind of value that is not known", lines, startOf(node as Node));
  }

  function visitEntries(pairs: ReadonlyArray<{ key: unknown; value: unknown }>, depth: number): Map<string, YamlNode> {
    const entries = new Map<string, YamlNode>();
    const merged: YamlNode[] = [];
    for (const { key, value } of pairs) {
      if (!isScalar<string | null>(key)) throw invalidYaml("a key must be a word", lines, startOf(key as Node));
      assertNoTag(key);
      const name = key.value ?? "";
      if (name === "<<" && isPlain(key)) merged.push(visit(value, depth + 1));
      else if (entries.has(name)) throw invalidYaml(`key ${JSON.stringify(name)} stands twice`, lines, startOf(key));
      else entries.set(name, visit(value, depth + 1));
    }
    for (const source of merged) mergeInto(entries, source);
    return entries;
  }

  function assertNoTag(node: Node): void {
    const tag = (node as { tag?: string }).tag;
    if (tag !== undefined && !PLAIN_TAGS.has(tag)) throw invalidYaml(`tag ${tag} is not allowed`, lines, startOf(node));
  }

  return visit(document.contents, 0);
}

/** `<<: *other` adds the keys of another mapping, or of several, that are not there yet. */
function mergeInto(entries: Map<string, YamlNode>, source: YamlNode): void {
  const maps = source.kind === "list" ? source.items : [source];
  for (const map of maps) {
    if (map.kind !== "map") throw invalidYaml(`line ${source.line}: << takes a mapping`);
    for (const [name, value] of map.entries) if (!entries.has(name)) entries.set(name, value);
  }
}

/** A tag such as `!!str` says "text", as quotes do. */
function isPlain(node: Scalar): boolean {
  return (node.type === undefined || node.type === Scalar.PLAIN) && node.tag !== "tag:yaml.org,2002:str";
}

/** The text of `key: |` begins in the line below. */
function isBlock(node: Scalar): boolean {
  return node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0];
}

function lineOf(lines: LineCounter, offset: number | undefined): number {
  return offset === undefined ? 1 : lines.linePos(offset).line;
}

function invalidYaml(detail: string, lines?: LineCounter, offset?: number): HooktowerError {
  if (!lines || offset === undefined) return unreadable("Invalid YAML file", detail);
  const { line, col } = lines.linePos(offset);
  return unreadable("Invalid YAML file", `line ${line}, column ${col}: ${detail}`);
}
