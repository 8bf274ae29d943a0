import { describe, expect, it } from "vitest";
import { FileProblem, joinPath, renderContent, renderPaths, toStored } from "../../../src/tower/files/file-content.ts";
import type { ServerRow } from "../../../src/tower/runs/run-records.store.ts";
import type { Json } from "../../../src/sandbox/sandbox.ts";

const server = { id: 7 } as ServerRow;
const read = <T>(work: (db: never) => Promise<T>) => work(undefined as never);

/** Stored values, and which server and place of secrets was asked for. */
function makeTools(values: Readonly<Record<string, Json>>, secrets: Readonly<Record<string, string>> = {}) {
  const asked: unknown[] = [];
  return {
    asked,
    renderer: {
      render: async (text: string, known: Readonly<Record<string, Json>>) =>
        text.replaceAll(/\{\{ *(\w+) *\}\}/g, (_, name: string) =>
          JSON.stringify(known[name] ?? null).replaceAll('"', ""),
        ),
      evaluate: async () => true,
      modify: async () => null,
    },
    variables: {
      resolve: async (names: Iterable<string>, { id }: Pick<ServerRow, "id"> = server) => {
        asked.push(id);
        return Object.fromEntries(
          [...names].filter((name) => name in values).map((name) => [name, values[name] ?? null]),
        );
      },
    },
    secrets: {
      async read(references: readonly string[], place: { readonly serverId?: number } = {}) {
        asked.push(place.serverId);
        return new Map(references.map((reference) => [reference, secrets[reference] ?? null]));
      },
      assertKeyFits: async () => undefined,
    },
  };
}

type Tools = Parameters<typeof renderContent>[0];
const asTools = (tools: ReturnType<typeof makeTools>) => tools as unknown as Tools;
const textFile = (code: string | null) => ({
  name: "f",
  server_dir: null,
  file_type: "text" as const,
  code,
  file: null,
});

it.each([
  ["", "f", "f"],
  ["  ", "f", "f"],
  ["/", "f", "/f"],
  ["/etc", "f", "/etc/f"],
  [" /etc/ ", "f", "/etc/f"],
  ["etc//", "sub/f", "etc/sub/f"],
])("the directory %j and the name %j are %j", (directory, name, path) => {
  expect(joinPath(directory, name)).toBe(path);
});

it.each([
  ["{{ dir }}/x", "{{ app }}.conf", "/srv/x/shop.conf"],
  ["/{{ nobody }}", "f", "/{{ nobody }}/f"],
  ["/${HOME}", "{f}", "/${HOME}/{f}"],
  // What renders to nothing is used raw.
  ["{{ empty }}", "f", "{{ empty }}/f"],
])("%j and %j are rendered with stored values to %j", async (server_dir, name, path) => {
  const tools = makeTools({ dir: "/srv", app: "shop", empty: "" });
  const [found] = await renderPaths(asTools(tools), [{ server_dir, name }], server, read);
  expect(found).toBe(path);
});

it.each([
  ["port = {{ port }}\n", "port = 8080\n"],
  ["{{ nobody }} ${x}", "{{ nobody }} ${x}"],
  ["{{ empty }}", "{{ empty }}"],
  [null, ""],
  ["key=#!cxtower.secret.KEY!#", "key=s3cret"],
  ["key=#!cxtower.secret.NONE!#", "key=None"],
])("the content %j is sent as %j", async (code, sent) => {
  const tools = makeTools({ port: 8080, empty: "" }, { KEY: "s3cret" });
  const { bytes, hidden } = await renderContent(asTools(tools), textFile(code), server, read);
  expect(Buffer.from(bytes).toString()).toBe(sent);
  expect(hidden).toEqual(sent.includes("s3cret") ? ["s3cret"] : []);
});

it("values are the server's own, secrets are the global ones", async () => {
  const tools = makeTools({ port: 1 }, { KEY: "x" });
  await renderContent(asTools(tools), textFile("{{ port }} #!cxtower.secret.KEY!#"), server, read);
  expect(tools.asked).toEqual([7, undefined]);
});

it("binary content is sent byte by byte, and nothing in it is rendered", async () => {
  const bytes = Buffer.from([0, 255, 123, 123, 32, 112, 32, 125, 125]);
  const file = { ...textFile("{{ port }}"), file_type: "binary" as const, file: bytes.toString("base64") };
  const content = await renderContent(asTools(makeTools({ p: 1 })), file, server, read);
  expect(Buffer.from(content.bytes).equals(bytes)).toBe(true);
  await expect(renderContent(asTools(makeTools({})), { ...file, file: null }, server, read)).rejects.toThrow(
    "f has no content: set file",
  );
});

describe("what comes from a server", () => {
  const limits = { bytes: 4, characters: 4 };
  const store = (bytes: readonly number[], type: "text" | "binary") =>
    toStored(Uint8Array.from(bytes), type, "/p", limits);

  it("is kept as text or as base64", () => {
    expect(store([104, 105], "text")).toEqual({ code: "hi" });
    expect(store([0xef, 0xbb, 0xbf, 105], "text")).toEqual({ code: "\ufeffi" });
    expect(store([0, 1, 2, 255], "binary")).toEqual({ file: "AAEC/w==" });
  });

  it.each([
    [[104, 0, 105], "text", "NUL character"],
    [[0xff, 0xfe], "text", "no text in UTF-8"],
    [[1, 1, 1, 1, 1], "text", "it may have 4 characters"],
    [[1, 1, 1, 1, 1], "binary", "it may have 4 bytes"],
  ] as const)("%j as %s is refused", (bytes, type, text) => {
    expect(() => store(bytes, type)).toThrow(FileProblem);
    expect(() => store(bytes, type)).toThrow(text);
  });
});
