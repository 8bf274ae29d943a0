import { describe, expect, it } from "vitest";
import { findCycle, readSources, roomOf, type ImportStatement, type SourceFile } from "./imports.ts";

const MAX_LINES = 350;
const sources = readSources("src/**/*.ts");

describe("the rooms of src", () => {
  it("lib knows no other room", () => {
    expect(findImports(inRoom("lib"), ({ file }) => file !== null && roomOf(file) !== "lib")).toEqual([]);
  });

  it("intake does not know the API", () => {
    expect(findImports(inRoom("intake"), ({ file }) => file !== null && roomOf(file) === "api")).toEqual([]);
  });

  it("the sandbox knows nothing but lib", () => {
    const known = new Set(["sandbox", "lib"]);
    expect(findImports(inRoom("sandbox"), ({ file }) => file !== null && !known.has(roomOf(file)))).toEqual([]);
  });

  it("the code of the sandbox speaks of programs, not of webhooks", () => {
    const speakers = inRoom("sandbox").filter(({ text }) => /webhook|authenticator/i.test(withoutComments(text)));
    expect(speakers.map(({ path }) => path)).toEqual([]);
  });

  it("only the sandbox starts Pyodide", () => {
    expect(findImports(notInRoom("sandbox"), (found) => found.package === "pyodide")).toEqual([]);
  });

  it("only db and the stores build queries", () => {
    const others = notInRoom("db").filter(({ path }) => !path.endsWith(".store.ts"));
    expect(findImports(others, (found) => found.package === "kysely" && !found.typeOnly)).toEqual([]);
    const query = /\b(?:selectFrom|insertInto|updateTable|deleteFrom)\(|\bsql(?:<[^`]*>)?`/;
    expect(others.filter(({ text }) => query.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it("only db talks to database drivers", () => {
    const drivers = new Set(["pg", "node:sqlite"]);
    expect(findImports(notInRoom("db"), (found) => drivers.has(found.package ?? ""))).toEqual([]);
  });

  it("only api and app.ts know the web framework", () => {
    const isFramework = (found: ImportStatement) => /^fastify|^@fastify\//.test(found.package ?? "");
    const others = notInRoom("api").filter(({ path }) => path !== "src/app.ts");
    expect(findImports(others, isFramework)).toEqual([]);
  });

  it("only the command line reads arguments, and the command line is called by main.ts alone", () => {
    expect(findImports(notInRoom("cli"), (found) => found.package === "commander")).toEqual([]);
    const others = notInRoom("cli").filter(({ path }) => path !== "src/main.ts");
    expect(findImports(others, ({ file }) => file !== null && roomOf(file) === "cli")).toEqual([]);
  });

  it("no room knows the files that put the parts together", () => {
    const composition = new Set(["src/app.ts", "src/serve.ts", "src/main.ts"]);
    const rooms = sources.filter(({ path }) => path.split("/").length > 2 && roomOf(path) !== "cli");
    expect(findImports(rooms, ({ file }) => composition.has(file ?? ""))).toEqual([]);
  });

  it("the web app takes nothing from src", () => {
    const web = readSources("web/**/*.{ts,tsx}").filter(({ path }) => !path.includes("node_modules"));
    expect(findImports(web, ({ file }) => file?.startsWith("src/") === true)).toEqual([]);
  });
});

describe("the files of src", () => {
  it("do not import each other in a circle", () => {
    expect(findCycle(sources, ({ typeOnly }) => !typeOnly)).toBeNull();
  });

  it(`have at most ${MAX_LINES} lines`, () => {
    const python = readSources("src/**/*.py");
    const long = [...sources, ...python].filter(({ text }) => text.split("\n").length - 1 > MAX_LINES);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it("import what exists", () => {
    const paths = new Set(sources.map(({ path }) => path));
    const isSource = ({ file }: ImportStatement) => file?.endsWith(".ts") === true;
    expect(findImports(sources, (found) => isSource(found) && !paths.has(found.file ?? ""))).toEqual([]);
  });
});

function inRoom(room: string): SourceFile[] {
  const files = sources.filter(({ path }) => path.startsWith(`src/${room}/`));
  if (files.length === 0) throw new Error(`there is no room ${room}`);
  return files;
}

function notInRoom(room: string): SourceFile[] {
  return sources.filter(({ path }) => !path.startsWith(`src/${room}/`));
}

/** The imports that fit, as `file imports specifier`. */
function findImports(files: readonly SourceFile[], fits: (found: ImportStatement) => boolean): string[] {
  return files.flatMap(({ path, imports }) =>
    imports.filter(fits).map(({ specifier }) => `${path} imports ${specifier}`),
  );
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}
