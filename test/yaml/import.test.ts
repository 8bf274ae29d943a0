import { describe, expect, test } from "vitest";
import { file, models, openYamlHouse } from "./support.ts";

const AUTHENTICATOR = `
- cetmix_tower_model: webhook_authenticator
  access_level: manager
  reference: open_door
  name: Open door
  code: |
    result = {"allowed": True}
  allowed_ip_addresses: false
  trusted_proxy_ips: false
`;
const WEBHOOK = `
- cetmix_tower_model: webhook
  reference: deploy
  name: Deploy
  active: true
  authenticator_id: open_door
  endpoint: deploy/app
  method: post
  content_type: json
  code: |
    result = {"exit_code": 0}
`;
const NESTED = `
- cetmix_tower_model: webhook
  reference: deploy
  name: Deploy
  authenticator_id:
    reference: open_door
    name: Open door
    code: |
      result = {"allowed": True}
  endpoint: deploy/app
`;

describe("a file's records", () => {
  test("are created with their texts, flags and unset values", async () => {
    await using house = await openYamlHouse();
    const text = file(AUTHENTICATOR + WEBHOOK.replace("active: true", "active: false"));
    const report = await house.importText(text);
    expect(report).toEqual({
      created: ["webhook_authenticator open_door", "webhook deploy"],
      updated: [],
      skipped: [],
      ignored: [],
      warnings: [],
    });
    expect(await house.all("webhook_authenticator")).toEqual([
      {
        reference: "open_door",
        name: "Open door",
        code: 'result = {"allowed": True}\n',
        allowed_ip_addresses: null,
        trusted_proxy_ips: null,
      },
    ]);
    expect(await house.all("webhook")).toMatchObject([
      { reference: "deploy", active: false, authenticator_id: "open_door", user_id: "admin", endpoint: "deploy/app" },
    ]);
  });

  test("may come after a record that refers to them", async () => {
    await using house = await openYamlHouse();
    const report = await house.importText(file(WEBHOOK + AUTHENTICATOR));
    expect(report.created).toEqual(["webhook_authenticator open_door", "webhook deploy"]);
  });

  test("may be nested, and named again by their reference", async () => {
    await using house = await openYamlHouse();
    const second = NESTED.replace("deploy\n", "second\n")
      .replace("deploy/app", "second")
      .replace(/ {4}name: Open[^]*?\n {2}endpoint/, "  endpoint");
    const report = await house.importText(file(NESTED + second));
    expect(report.created).toEqual(["webhook_authenticator open_door", "webhook deploy", "webhook second"]);
  });

  test("may carry a manifest; other top-level keys are reported", async () => {
    await using house = await openYamlHouse();
    const report = await house.importText(
      `manifest:\n  name: Demo\n  version: 1.0.0\nfancy: 1\n${file(AUTHENTICATOR)}`,
    );
    expect(report.ignored).toEqual(["file: fancy"]);
  });

  test("keep quiet about derived lists, and say which keys mean nothing here", async () => {
    await using house = await openYamlHouse();
    const extra =
      "  variable_ids: []\n  secret_ids: [GITHUB]\n  user_id: admin\n  color: 3\n  constructor: x\n  __proto__: {}\n";
    const report = await house.importText(file(AUTHENTICATOR + extra));
    expect(report.ignored).toEqual(
      ["user_id", "color", "constructor", "__proto__"].map((key) => `webhook_authenticator open_door: ${key}`),
    );
  });

  test("bring keys without values, and warnings for every secret that has none", async () => {
    await using house = await openYamlHouse();
    await house.records.create(models.get("key"), { name: "Set", reference: "SET", secret_value: "x" }, house.admin);
    await house.records.create(models.get("key"), { name: "SSH", reference: "SSH", key_type: "k" }, house.admin);
    const code = "#!cxtower.secret.GITHUB!# #!cxtower.secret. MISSING !# #!cxtower.secret.SET!# #!cxtower.secret.SSH!#";
    const secrets =
      "  secret_ids:\n  - reference: GITHUB\n    name: GitHub\n    key_type: s\n    note: false\n    secret_value: no!\n  - SET\n";
    const report = await house.importText(file(AUTHENTICATOR.replace('result = {"allowed": True}', code) + secrets));
    expect(report.created).toEqual(["key GITHUB", "webhook_authenticator open_door"]);
    expect(report.ignored).toEqual(["key GITHUB: secret_value"]);
    expect(report.warnings).toEqual([
      'Secret GITHUB has no value yet: set it with "hooktower key set GITHUB"',
      'Secret MISSING has no value yet: set it with "hooktower key set MISSING"',
      "SSH is not a secret: code that names it as one sees None",
    ]);
    const keys = await house.all("key");
    expect(keys.map((key) => [key["reference"], key["has_secret_value"]])).toEqual([
      ["SET", true],
      ["SSH", false],
      ["GITHUB", false],
    ]);
  });

  test("take words as their field wants them", async () => {
    await using house = await openYamlHouse();
    await house.importText(
      file(AUTHENTICATOR.replace("name: Open door", "name: 1e5").replace("reference: open_door", "reference: 007")),
    );
    await house.importText(file(AUTHENTICATOR.replace("name: Open door", "name: yes").replace("open_door", "b")));
    await house.importText(file(AUTHENTICATOR.replace("name: Open door", 'name: "false"').replace("open_door", "c")));
    await house.importText(file(WEBHOOK.replace("open_door", "c").replace("active: true", "active: No")));
    const rows = await house.all("webhook_authenticator");
    expect(rows.map((row) => [row["reference"], row["name"]])).toEqual([
      ["007", "1e5"],
      ["b", "yes"],
      ["c", "false"],
    ]);
    expect(await house.all("webhook")).toMatchObject([{ active: false }]);
  });

  test("may use anchors, aliases and merge keys", async () => {
    await using house = await openYamlHouse();
    const text = `x: &base\n  cetmix_tower_model: webhook_authenticator\n  name: &n Same\nrecords:\n- <<: *base\n  reference: a\n- {<<: *base, reference: b, name: Other}\n- cetmix_tower_model: webhook_authenticator\n  reference: c\n  name: *n\n`;
    await house.importText(text);
    expect((await house.all("webhook_authenticator")).map((row) => row["name"])).toEqual(["Same", "Other", "Same"]);
  });
});

describe("records that exist", () => {
  test("skip: are left alone, also what is nested in them", async () => {
    await using house = await openYamlHouse();
    await house.importText(file(NESTED));
    const report = await house.importText(
      file(NESTED.replaceAll("Deploy", "Changed").replaceAll("Open door", "Changed")),
    );
    expect(report).toMatchObject({ created: [], updated: [], skipped: ["webhook deploy"] });
    expect((await house.all("webhook"))[0]).toMatchObject({ name: "Deploy" });
    expect((await house.all("webhook_authenticator"))[0]).toMatchObject({ name: "Open door" });
  });

  test("skip: a known record nested in a new one is written, as in the original", async () => {
    await using house = await openYamlHouse();
    await house.importText(file(AUTHENTICATOR));
    const report = await house.importText(file(NESTED.replace("Open door", "Changed")));
    expect(report).toMatchObject({ created: ["webhook deploy"], updated: ["webhook_authenticator open_door"] });
    expect((await house.all("webhook_authenticator"))[0]).toMatchObject({ name: "Changed" });
  });

  test("update: get the file's values and keep the others", async () => {
    await using house = await openYamlHouse();
    await house.importText(file(AUTHENTICATOR + WEBHOOK));
    const report = await house.importText(
      file("- cetmix_tower_model: webhook\n  reference: deploy\n  name: Renamed\n  active: false\n"),
      "update",
    );
    expect(report).toMatchObject({ created: [], updated: ["webhook deploy"] });
    expect((await house.all("webhook"))[0]).toMatchObject({
      name: "Renamed",
      active: false,
      endpoint: "deploy/app",
      authenticator_id: "open_door",
    });
  });

  test("create: get a second record beside them, which the rest of the file refers to", async () => {
    await using house = await openYamlHouse();
    await house.importText(file(AUTHENTICATOR));
    const report = await house.importText(file(WEBHOOK + AUTHENTICATOR), "create");
    expect(report.created).toEqual(["webhook_authenticator open_door_2", "webhook deploy"]);
    expect((await house.all("webhook"))[0]).toMatchObject({ authenticator_id: "open_door_2" });
  });

  test("create: nested records are made again, keys are shared", async () => {
    await using house = await openYamlHouse();
    const withKey = NESTED.replace("  endpoint:", "    secret_ids:\n    - {reference: K, name: New name}\n  endpoint:");
    await house.records.create(models.get("key"), { name: "Old name", reference: "K" }, house.admin);
    await house.importText(file(AUTHENTICATOR));
    const report = await house.importText(file(withKey), "create");
    expect(report).toMatchObject({ created: ["webhook_authenticator open_door_2", "webhook deploy"], updated: [] });
    expect(await house.all("key")).toMatchObject([{ name: "Old name" }]);
  });

  test("create: a webhook fails on its endpoint, and nothing of the file is left", async () => {
    await using house = await openYamlHouse();
    await house.importText(file(NESTED));
    await expect(house.importText(file(NESTED), "create")).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/^Error creating record 'deploy' in model 'webhook': .*must be unique!/),
    });
    expect(await house.all("webhook_authenticator")).toHaveLength(1);
  });
});

test("a failure in the last record leaves nothing of the first", async () => {
  await using house = await openYamlHouse();
  const bad = WEBHOOK.replace("endpoint: deploy/app", "endpoint: /nope/");
  await expect(house.importText(file(AUTHENTICATOR + bad))).rejects.toThrow(
    "Error creating record 'deploy' in model 'webhook': ",
  );
  expect(await house.all("webhook_authenticator")).toEqual([]);
});

test("only those who may create records can import", async () => {
  await using house = await openYamlHouse();
  const user = { userId: 9, login: "joe", group: "user" } as const;
  await expect(house.yaml.importYaml(file(AUTHENTICATOR), { mode: "skip" }, user)).rejects.toMatchObject({
    code: "forbidden",
  });
});
