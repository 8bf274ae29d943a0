import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { file, openYamlHouse, type YamlHouse } from "./support.ts";

/** One tower for all: whatever is refused leaves it empty. */
let house: YamlHouse;
beforeAll(async () => {
  house = await openYamlHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

const KEY = "- cetmix_tower_model: key\n  reference: K\n  name: K\n";
const WEBHOOK = "- cetmix_tower_model: webhook\n  reference: w\n  name: W\n  endpoint: w\n  authenticator_id: a\n";
const AUTHENTICATOR = "- cetmix_tower_model: webhook_authenticator\n  reference: a\n  name: A\n";

/** Title, file, error code, message in the original's words. */
const CASES: ReadonlyArray<readonly [string, string | Uint8Array, string, string]> = [
  ["no bytes", "", "malformed", "File is empty"],
  ["blanks only", " \n\n", "malformed", "File is empty"],
  ["not UTF-8", Uint8Array.of(0x61, 0x3a, 0xff), "malformed", "YAML file cannot be decoded properly"],
  ["not YAML", "a: [1", "malformed", "Invalid YAML file"],
  ["two documents", `${file(KEY)}---\n${file(KEY)}`, "malformed", "Invalid YAML file"],
  ["a comment only", "# nothing here\n", "malformed", "Yaml file doesn't contain valid data"],
  ["a list", "- 1\n- 2\n", "malformed", "Yaml file doesn't contain valid data"],
  ["a word", "hello", "malformed", "Yaml file doesn't contain valid data"],
  [
    "a newer version",
    file(KEY).replace("version: 1", "version: 2"),
    "invalid",
    "YAML version is higher than version supported by your Cetmix Tower instance. 2 > 1",
  ],
  ["no records key", "cetmix_tower_yaml_version: 1\n", "invalid", "YAML file doesn't contain any records"],
  ["empty records", "records: []\n", "invalid", "YAML file doesn't contain any records"],
  ["records a word", "records: many\n", "invalid", "YAML file doesn't contain any records"],
  ["a record that is a word", "records: [hello]\n", "invalid", "Record number 1 is not a mapping"],
  ["no model", file("- reference: lost\n"), "invalid", "Record model is missing for record lost"],
  ["neither model nor reference", file("- name: lost\n"), "invalid", "Record model is missing for record number 1"],
  [
    "an unknown model",
    file("- cetmix_tower_model: spaceship\n  reference: x\n"),
    "invalid",
    "'spaceship' is not a valid model",
  ],
  [
    "a model out of the format",
    file("- cetmix_tower_model: user\n  reference: x\n"),
    "invalid",
    "Model 'user' does not support YAML import",
  ],
  ["no reference", file("- cetmix_tower_model: key\n  name: K\n"), "invalid", "Record reference is missing"],
  [
    "reference false",
    file("- cetmix_tower_model: key\n  name: K\n  reference: false\n"),
    "invalid",
    "Record reference is missing",
  ],
  ["a wrong access level", file(`${KEY}  access_level: boss\n`), "invalid", "Wrong value for 'access_level' key: boss"],
  [
    "an access level that is a list",
    file(`${KEY}  access_level: []\n`),
    "invalid",
    "Wrong value for 'access_level' key: a list",
  ],
  [
    "a missing field",
    file("- cetmix_tower_model: key\n  reference: K\n"),
    "invalid",
    "Error creating record 'K' in model 'key': name: is required",
  ],
  [
    "text that is a list",
    file(KEY.replace("name: K", "name: [K]")),
    "invalid",
    "Error creating record 'K' in model 'key': name: must be one value, not a list",
  ],
  [
    "a key_type that is none",
    file(`${KEY}  key_type: x\n`),
    "invalid",
    "Error creating record 'K' in model 'key': key_type: must be one of s, k",
  ],
  [
    "a flag that is none",
    file(`${AUTHENTICATOR}${WEBHOOK}  active: maybe\n`),
    "invalid",
    "Error creating record 'w' in model 'webhook': active: must be true or false",
  ],
  [
    "an unknown authenticator",
    file(WEBHOOK),
    "invalid",
    "Error creating record 'w' in model 'webhook': authenticator_id: there is no webhook authenticator a",
  ],
  [
    "an unknown authenticator as mapping",
    file(WEBHOOK.replace("_id: a", "_id: {reference: a}")),
    "invalid",
    "Error creating record 'w' in model 'webhook': authenticator_id: there is no webhook authenticator a",
  ],
  [
    "no authenticator",
    file(WEBHOOK.replace("_id: a", "_id: false")),
    "invalid",
    "Error creating record 'w' in model 'webhook': authenticator_id: must not be empty",
  ],
  [
    "a list of authenticators",
    file(WEBHOOK.replace("_id: a", "_id: [a]")),
    "invalid",
    "Error creating record 'w' in model 'webhook': authenticator_id: must be one reference or one record, not a list",
  ],
  [
    "a nested record without name",
    file(WEBHOOK.replace("_id: a", "_id: {reference: a, code: x}")),
    "invalid",
    "Error creating record 'a' in model 'webhook_authenticator': name: is required",
  ],
  [
    "code that does not compile",
    file(`${AUTHENTICATOR}  code: |\n    import os\n`),
    "invalid",
    "Error creating record 'a' in model 'webhook_authenticator': code: line 1, column 1: import is not allowed (the code begins in line 7 of the file)",
  ],
];

test.for(CASES)("%s", async ([, text, code, message]) => {
  await expect(house.importText(text)).rejects.toMatchObject({ name: "HooktowerError", code, message });
  for (const model of ["key", "webhook", "webhook_authenticator"]) expect(await house.all(model)).toEqual([]);
});

test("an update that is refused says so, and where", async () => {
  await using other = await openYamlHouse();
  await other.importText(file(KEY));
  await expect(other.importText(file(`${AUTHENTICATOR}${KEY}  key_type: x\n`), "update")).rejects.toMatchObject({
    message: "Error updating record K: key_type: must be one of s, k",
    errors: [{ path: "records.1.key_type" }],
  });
});

test("what is wrong with the YAML is said beside the original's words", async () => {
  await expect(house.importText("a: 1\nb: [2\nc: 3\n")).rejects.toMatchObject({
    message: "Invalid YAML file",
    errors: [{ path: "", message: expect.stringMatching(/^line \d+, column \d+: /) }],
  });
});

describe("hostile files are refused quickly", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x,x]",
    ..."bcdefghij".split("").map((name, i) => `${name}: &${name} [${`*${"abcdefghi"[i]},`.repeat(10)}]`),
  ].join("\n");
  const HOSTILE: ReadonlyArray<readonly [string, string, string, RegExp]> = [
    ["alias bomb", bomb, "malformed", /aliases|too many values/],
    ["alias to itself", "a: &a [*a]\n", "malformed", /nested too deep|aliases/],
    ["alias without anchor", "a: *nobody\n", "malformed", /alias \*nobody/],
    [
      "merge bomb",
      `a: &a {x: 1}\n${"b: {<<: [*a, *a, *a]}\n".replace("*a, *a, *a", "*a, ".repeat(500))}`,
      "malformed",
      /aliases/,
    ],
    ["deep flow", `a: ${"[".repeat(50_000)}`, "malformed", /nested too deep/],
    ["deep blocks", `a:\n  ${"- ".repeat(5000)}x\n`, "malformed", /nested too deep/],
    ["deep but closed", `a: ${"[".repeat(200)}${"]".repeat(200)}\n`, "malformed", /nested too deep/],
    ["Python tag", "a: !!python/object/apply:os.system ['id']\n", "malformed", /tag .*python.* is not allowed/],
    ["private tag", "a: !secret x\n", "malformed", /tag !secret is not allowed/],
    ["tag on a key", "!x a: 1\n", "malformed", /tag !x is not allowed/],
    ["binary", "a: !!binary aGVsbG8=\n", "malformed", /tag .*binary is not allowed/],
    ["a key twice", "records: []\nrecords: []\n", "malformed", /key "records" stands twice/],
    ["a list as key", "? [a, b]\n: c\n", "malformed", /a key must be a word/],
    ["huge", `a: |\n  ${"x".repeat(6 * 1024 * 1024)}\n`, "too_large", /larger than 5 MiB/],
    ["too many values", `a: [${"a,".repeat(2_000_000)}]\n`, "too_large", /more than 200000/],
  ];

  test.for(HOSTILE)("%s", async ([, text, code, detail]) => {
    const started = performance.now();
    const error = await house.importText(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "HooktowerError", code });
    const { message, errors } = error as { message: string; errors: Array<{ message: string }> };
    expect([message, ...errors.map((entry) => entry.message)].join("; ")).toMatch(detail);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
