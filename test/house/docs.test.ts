import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderSettingsDoc, SETTINGS_DOC } from "../../scripts/generate-settings-doc.ts";
import { readSources, ROOT } from "./imports.ts";

const DOCUMENTS = globSync(["*.md", "docs/**/*.md", "examples/**/*.md"], { cwd: ROOT }).toSorted();

describe("the documentation", () => {
  it("of the settings is what `npm run docs` makes", () => {
    expect(readFileSync(SETTINGS_DOC, "utf8")).toBe(renderSettingsDoc());
  });

  it("has no link to a file or heading that is not there", () => {
    expect(DOCUMENTS.flatMap(findBrokenLinks)).toEqual([]);
  });

  it("lists every architecture decision record", () => {
    const list = read("docs/adr/README.md");
    const records = globSync("docs/adr/[0-9]*.md", { cwd: ROOT }).map((path) => path.replaceAll("\\", "/"));
    expect(records.filter((path) => !list.includes(`(${path.replace("docs/adr/", "")})`))).toEqual([]);
  });

  it("names only npm scripts that exist", () => {
    const scripts = new Set(Object.keys(manifest.scripts));
    const named = DOCUMENTS.flatMap((path) =>
      [...read(path).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = ""]) => ({ path, name })),
    );
    expect(named.filter(({ name }) => !scripts.has(name))).toEqual([]);
  });

  it("and the sources name no path of one machine", () => {
    const files = [...DOCUMENTS, ...globSync("{src,test,bench,scripts,bin,examples,.ci}/**/*.*", { cwd: ROOT })];
    const path = /(?<![\w.~-])\/(?:home|Users|root|work|mnt)\/\w/;
    expect(files.filter((file) => path.test(read(file)))).toEqual([]);
  });
});

interface Manifest {
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const manifest = JSON.parse(read("package.json")) as Manifest;

describe("package.json", () => {
  const development = readSources("test/**/*.ts", "bench/**/*.ts", "scripts/**/*.ts", "*.ts");
  const shipped = readSources("src/**/*.ts", "bin/*.js");

  it("has the packages that are imported, and those that run need no development package", () => {
    const { dependencies, devDependencies } = manifest;
    const forAll = new Set(Object.keys(dependencies));
    const forDevelopment = new Set([...forAll, ...Object.keys(devDependencies)]);
    expect(packagesOf(shipped).filter((name) => !forAll.has(name))).toEqual([]);
    expect(packagesOf(development).filter((name) => !forDevelopment.has(name))).toEqual([]);
  });

  it("has no package that nothing needs", () => {
    // `node` is the runtime that bin/hooktower.js looks for.
    const used = new Set([...packagesOf(shipped), "node"]);
    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([]);

    const tools = ["oxfmt", "oxlint", "oxlint-tsgolint", "typescript"];
    const usedHere = new Set([...used, ...packagesOf(development), ...tools]);
    const isUsed = (name: string) => usedHere.has(name.replace("@types/", "")) || name === "@types/node";
    expect(Object.keys(manifest.devDependencies).filter((name) => !isUsed(name))).toEqual([]);
  });

  it("pins every version", () => {
    const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(ranges.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function packagesOf(files: ReturnType<typeof readSources>): string[] {
  const names = files.flatMap(({ imports }) => imports.flatMap((found) => found.package ?? []));
  return [...new Set(names)].filter((name) => !name.startsWith("node:")).toSorted();
}

function findBrokenLinks(path: string): string[] {
  const text = read(path).replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target) && !exists(path, target))
    .map((target) => `${path}: ${target}`);
}

function exists(from: string, target: string): boolean {
  const [file = "", heading] = target.split("#");
  const path = file === "" ? from : join(dirname(from), file);
  if (!existsSync(join(ROOT, path))) return false;
  return heading === undefined || !path.endsWith(".md") || anchorsOf(read(path)).has(heading);
}

/** Headings as the usual renderers name them. */
function anchorsOf(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
