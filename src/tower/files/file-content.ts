import { findSecretReferences, insertSecrets } from "../keys/secret-text.ts";
import type { Secrets } from "../keys/secrets.service.ts";
import type { ServerRow } from "../runs/run-records.store.ts";
import type { Renderer, TemplateValues } from "../variables/renderer.ts";
import { findTemplateNames } from "../variables/template-names.ts";
import type { Read, VariableResolver } from "../variables/variable-values.ts";

/** What a file is made of, as it is stored. */
export interface FileTexts {
  readonly name: string;
  readonly server_dir: string | null;
  readonly file_type: "text" | "binary";
  readonly code: string | null;
  /** Base64. */
  readonly file: string | null;
}

/** What is sent: the secrets are in it, so it is neither stored nor logged. */
export interface FileContent {
  readonly bytes: Uint8Array;
  /** Values of secrets that are in the bytes. */
  readonly hidden: readonly string[];
}

export interface ContentTools {
  readonly renderer: Renderer;
  readonly variables: VariableResolver;
  readonly secrets: Secrets;
}

/** A file that cannot be sent or kept; its message is for people. */
export class FileProblem extends Error {
  override readonly name = "FileProblem";
}

/**
 * Where files are on a server, in the order of `files`: their directories and names with the stored values of
 * the server's variables. The values of a run never reach a file.
 *
 * @throws RenderError
 */
export async function renderPaths(
  { renderer, variables }: Pick<ContentTools, "renderer" | "variables">,
  files: ReadonlyArray<Pick<FileTexts, "name" | "server_dir">>,
  server: ServerRow,
  read: Read,
): Promise<string[]> {
  const names = new Set(files.flatMap((file) => [...findTemplateNames(`${file.server_dir ?? ""}\n${file.name}`)]));
  const values = await variables.resolve(names, server, read);
  const paths: string[] = [];
  for (const { name, server_dir: directory } of files)
    paths.push(joinPath(await renderText(renderer, directory ?? "", values), await renderText(renderer, name, values)));
  return paths;
}

/**
 * The content as it is sent: with stored values of variables, and global values of secrets.
 *
 * @throws RenderError
 * @throws FileProblem for a binary file without content
 */
export async function renderContent(
  { renderer, variables, secrets }: ContentTools,
  { name, file_type: type, code, file }: FileTexts,
  server: ServerRow,
  read: Read,
): Promise<FileContent> {
  if (type === "binary") {
    if (file === null) throw new FileProblem(`${name} has no content: set file`);
    return { bytes: Buffer.from(file, "base64"), hidden: [] };
  }
  const source = code ?? "";
  const values = await variables.resolve(findTemplateNames(source), server, read);
  const text = await renderText(renderer, source, values);
  const known = await read((db) => secrets.read(findSecretReferences(text), { db }));
  const hidden = [...known.values()].filter((value) => value !== null);
  return { bytes: Buffer.from(insertSecrets(text, known)), hidden };
}

/** As in the original: braces that name no variable stay as they are, and what renders to nothing is sent raw. */
async function renderText(renderer: Renderer, text: string, values: TemplateValues): Promise<string> {
  if (![...findTemplateNames(text)].some((name) => Object.hasOwn(values, name))) return text;
  return (await renderer.render(text, values, { pythonic: false })) || text;
}

/** Without a directory the path is relative to the home of the SSH user. */
export function joinPath(directory: string, name: string): string {
  const trimmed = directory.trim();
  const base = trimmed.replace(/\/+$/, "");
  if (base === "") return trimmed === "" ? name : `/${name}`;
  return `${base}/${name}`;
}

/**
 * What came from a server, as a record keeps it.
 *
 * @throws FileProblem for text that is none, and for what a record cannot hold
 */
export function toStored(
  bytes: Uint8Array,
  type: "text" | "binary",
  path: string,
  limits: { readonly bytes: number; readonly characters: number },
): { readonly code: string } | { readonly file: string } {
  const isTooLong = (most: string) => new FileProblem(`${path} does not fit into a record: it may have ${most}`);
  if (type === "binary") {
    if (bytes.length > limits.bytes) throw isTooLong(`${limits.bytes.toLocaleString("en")} bytes`);
    return { file: Buffer.from(bytes).toString("base64") };
  }
  if (bytes.includes(0)) throw new FileProblem(`${path} is no text, it holds a NUL character: make its type Binary`);
  const text = decodeText(bytes);
  if (text === null) throw new FileProblem(`${path} is no text in UTF-8: make its type Binary`);
  if (text.length > limits.characters) throw isTooLong(`${limits.characters.toLocaleString("en")} characters`);
  return { code: text };
}

function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
