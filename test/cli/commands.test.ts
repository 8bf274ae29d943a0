import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCommandLine, type CommandLine } from "./support.ts";

const FILE = `cetmix_tower_yaml_version: 1
records:
- {cetmix_tower_model: webhook, reference: deploy, name: Deploy, endpoint: deploy, authenticator_id: {reference: door, name: Door}}
- {cetmix_tower_model: key, reference: TOKEN, name: Token}
`;

let line: CommandLine;
beforeAll(async () => {
  line = await openCommandLine();
});
afterAll(() => line[Symbol.asyncDispose]());

describe("--help", () => {
  test.for(["", "serve", "import", "export", "token create", "key set", "logs", "call"])(
    "hooktower %s",
    async (name) => {
      const command = name.split(" ").filter((word) => word !== "");
      const { code, stdout, stderr } = await line.run([...command, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(`Usage: hooktower ${command.join(" ")}`.trimEnd());
      if (command.length > 0) expect(stdout).toContain(`\nExamples:\n  hooktower ${command[0]}`);
    },
  );
});

describe("what cannot be used ends with 2 and one line", () => {
  const CASES: ReadonlyArray<readonly [string[], Record<string, string>, RegExp]> = [
    [["serve"], { HOOKTOWER_PORT: "many" }, /^hooktower: HOOKTOWER_PORT="many" must be/],
    [
      ["logs"],
      { HOOKTOWER_DATABASE_URL: "mysql://secret@x/y" },
      /^hooktower: HOOKTOWER_DATABASE_URL must start with postgres/,
    ],
    [["dance"], {}, /^hooktower: unknown command 'dance'/],
    [["import"], {}, /^hooktower: missing required argument 'file'/],
    [["import", "x.yaml", "--mode", "maybe"], {}, /^hooktower: option '--mode <mode>' argument 'maybe' is invalid/],
    [["export"], {}, /^hooktower: say what to export: --all, --webhooks/],
    [["export", "--all", "--keys", "K"], {}, /^hooktower: --all and single records/],
    [["token", "create"], {}, /^hooktower: required option '--user <login>'/],
    [["key", "set", "K", "the value"], {}, /^hooktower: too many arguments/],
    [["key", "set", "no-good"], {}, /^hooktower: no-good is not a reference/],
    [["logs", "--limit", "x"], {}, /^hooktower: option '--limit <number>' argument 'x' is invalid/],
    [["call", "x", "--header", "nonsense"], {}, /^hooktower: --header "nonsense" is not/],
  ];
  test.for(CASES)("%s", async ([args, env, message]) => {
    const { code, stdout, stderr } = await line.run(args, { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).not.toContain("secret@");
  });
});

test("import → export → import elsewhere → export gives the same text", async () => {
  const imported = await line.run(["import", "-"], { input: FILE });
  expect(imported).toEqual({
    code: 0,
    stdout: "-\n  created webhook_authenticator door\n  created webhook deploy\n  created key TOKEN\n",
    stderr: 'hooktower: Secret TOKEN has no value yet: set it with "hooktower key set TOKEN"\n',
  });
  const file = join(line.dataDir, "all.yaml");
  expect(await line.run(["export", "--all", "-o", file])).toMatchObject({ code: 0, stdout: "" });
  const text = await readFile(file, "utf8");
  await using other = await openCommandLine();
  expect(await other.run(["import", "--json", file])).toMatchObject({ code: 0 });
  expect((await other.run(["export", "--all"])).stdout).toBe(text);
  const again = await other.run(["import", file]);
  expect(again.stdout).toContain("  skipped webhook deploy\n");
  expect(again.stdout).toContain("  No records were created or updated\n");
  const some = await other.run(["export", "--webhooks", "deploy", "--webhook-authenticators=door", "--no-explode"]);
  expect(some.stdout).toContain("authenticator_id: door\n");
});

test("a file that cannot be used is named, with the reason and 1", async () => {
  expect(await line.run(["import", "/nowhere.yaml"])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: /^hooktower: cannot read \/nowhere.yaml: /,
  });
  const broken = await line.run(["import", "-"], { input: "records: [" });
  expect(broken).toMatchObject({
    code: 1,
    stdout: "",
    stderr: /^hooktower: -: Invalid YAML file: line 1, column 11: /,
  });
  const latin = await line.run(["import", "-"], { input: Uint8Array.of(0x61, 0xe9) });
  expect(latin.stderr).toBe("hooktower: -: YAML file cannot be decoded properly\n");
});

test("token create prints the token alone", async () => {
  const { code, stdout, stderr } = await line.run(["token", "create", "--user", "admin", "--name", "ci"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\S{20,}\n$/);
  expect(stderr).toMatch(/^hooktower: token "ci" of admin: /);
  expect(await line.run(["token", "create", "--user", "nobody"])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "hooktower: There is no user nobody\n",
  });
});

test("key set takes the value from a pipe, less one line end, and shows it nowhere", async () => {
  const made = await line.run(["key", "set", "PIPED", "--name", "From a pipe"], { input: "hush-hush\n\n" });
  expect(made).toEqual({ code: 0, stdout: "", stderr: "hooktower: secret PIPED is stored\n" });
  const changed = await line.run(["key", "set", "PIPED"], { input: "hush-hush\n\n" });
  expect(changed.stderr).toBe("hooktower: secret PIPED is changed\n");
  expect(await line.run(["key", "set", "PIPED"], { input: "\n" })).toMatchObject({
    code: 1,
    stderr: /the value is empty/,
  });
  expect(await line.run(["key", "set", "PIPED"], { input: Uint8Array.of(0xff) })).toMatchObject({
    code: 1,
    stderr: /not text in UTF-8/,
  });
  const { stdout } = await line.run(["export", "--keys", "PIPED"]);
  expect(stdout).toContain("name: From a pipe\n");
  expect(stdout).not.toContain("hush");
  expect(await readValue("PIPED")).toBe("hush-hush\n");
});

/** What the server would hand to code. */
async function readValue(reference: string): Promise<string | null | undefined> {
  const { openCore } = await import("../../src/core.ts");
  const { readSettings } = await import("../../src/settings/settings.ts");
  const { silentLogger } = await import("../../src/lib/logger.ts");
  await using core = await openCore(readSettings({ HOOKTOWER_DATA_DIR: line.dataDir }), silentLogger, () => {
    throw new Error("no code here");
  });
  return (await core.secrets.read([reference])).get(reference);
}

test("logs of an empty tower are empty; an unknown webhook is an error", async () => {
  expect(await line.run(["logs"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await line.run(["logs", "--webhook", "lost"])).toMatchObject({ code: 1, stderr: /^hooktower: .*lost/ });
});

test("call says when no server answers", async () => {
  await line.run(["import", "-"], { input: FILE });
  const { code, stderr } = await line.run(["call", "deploy", "--url", "http://127.0.0.1:9"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^hooktower: no answer from http:\/\/127\.0\.0\.1:9\/.*Is the server running\?/);
});
