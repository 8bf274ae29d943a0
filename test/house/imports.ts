import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface ImportStatement {
  /** As it is written. */
  readonly specifier: string;
  /** Path of the file from the root of the repository; null for a package. */
  readonly file: string | null;
  /** Package or Node module; null for a file of ours. */
  readonly package: string | null;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly ImportStatement[];
}

export function readSources(...patterns: string[]): SourceFile[] {
  return globSync(patterns, { cwd: ROOT })
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), "utf8");
      return { path, text, imports: findImports(path, text) };
    });
}

const STATEMENT = /^(?:import|export)\b(?<clause>[^;"']*?)\bfrom\s+"(?<from>[^"]+)"|^import\s+"(?<bare>[^"]+)"/gm;
const DYNAMIC = /\bimport(?:\.meta\.resolve)?\(\s*"(?<name>[^"]+)"/g;

function findImports(path: string, text: string): ImportStatement[] {
  const statements = [...text.matchAll(STATEMENT)].map(({ groups }) =>
    describe(path, groups?.["from"] ?? groups?.["bare"] ?? "", isTypeOnly(groups?.["clause"] ?? "")),
  );
  const dynamic = [...text.matchAll(DYNAMIC)].map(({ groups }) => describe(path, groups?.["name"] ?? "", false));
  return [...statements, ...dynamic];
}

function isTypeOnly(clause: string): boolean {
  if (/^\s+type\b/.test(clause)) return true;
  const named = /^\s*\{(?<names>[^}]*)\}\s*$/.exec(clause)?.groups?.["names"];
  const names = named?.split(",").filter((name) => name.trim() !== "") ?? [];
  return names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

function describe(path: string, specifier: string, typeOnly: boolean): ImportStatement {
  if (specifier.startsWith(".")) {
    const file = relative(ROOT, join(ROOT, dirname(path), specifier)).replaceAll("\\", "/");
    return { specifier, file, package: null, typeOnly };
  }
  const [first = "", second = ""] = specifier.split("/");
  const name = specifier.startsWith("node:") ? specifier : first.startsWith("@") ? `${first}/${second}` : first;
  return { specifier, file: null, package: name, typeOnly };
}

/** Room of a file under `src`: its folder, or its own name when it lies in `src` itself. */
export function roomOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/** The first cycle among these files, as a path that ends where it began; null when there is none. */
export function findCycle(
  sources: readonly SourceFile[],
  counts: (found: ImportStatement) => boolean,
): string[] | null {
  const targets = new Map(
    sources.map(({ path, imports }) => [path, imports.filter(counts).flatMap(({ file }) => file ?? [])] as const),
  );
  const done = new Set<string>();
  function visit(path: string, trail: readonly string[]): string[] | null {
    const start = trail.indexOf(path);
    if (start !== -1) return [...trail.slice(start), path];
    if (done.has(path)) return null;
    for (const target of targets.get(path) ?? []) {
      const cycle = visit(target, [...trail, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return null;
  }
  for (const path of targets.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return null;
}
