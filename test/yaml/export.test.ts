import { expect, test } from "vitest";
import { parseYaml } from "../../src/records/yaml.parse.ts";
import { file, models, openYamlHouse, type YamlHouse } from "./support.ts";

const CODE = 'secret = #!cxtower.secret.GITHUB!#\nif not secret:\n    result = {"allowed": False}\n';

async function fill(house: YamlHouse): Promise<void> {
  await house.importText(
    file(`
- cetmix_tower_model: key
  reference: GITHUB
  name: "GitHub: the webhook's secret"
  note: |
    Settings of the repository,
    page Webhooks
- cetmix_tower_model: webhook_authenticator
  reference: github
  name: GitHub
  code: |
    ${CODE.replaceAll("\n", "\n    ").trimEnd()}
- {cetmix_tower_model: webhook, reference: push, name: Push, endpoint: github/push, authenticator_id: github}
- {cetmix_tower_model: webhook, reference: pull, name: "no", endpoint: 8ball, method: get, active: false, authenticator_id: github}
`),
  );
  await house.records.update(models.get("key"), "GITHUB", { secret_value: "do not tell" }, house.admin);
}

const EXPLODED = `# Written by Hooktower in the format of Cetmix Tower. Values of secrets are not part of it.

cetmix_tower_yaml_version: 1
records:
- cetmix_tower_model: webhook
  reference: push
  name: Push
  active: true
  authenticator_id:
    reference: github
    name: GitHub
    code: |
      secret = #!cxtower.secret.GITHUB!#
      if not secret:
          result = {"allowed": False}
    allowed_ip_addresses: false
    trusted_proxy_ips: false
    secret_ids:
    - reference: GITHUB
      name: "GitHub: the webhook's secret"
      key_type: s
      note: |
        Settings of the repository,
        page Webhooks
  endpoint: github/push
  method: post
  content_type: json
  code: false
- cetmix_tower_model: webhook
  reference: pull
  name: "no"
  active: false
  authenticator_id:
    reference: github
  endpoint: "8ball"
  method: get
  content_type: json
  code: false
`;

test("an export holds whole records once, then their reference, and never a secret", async () => {
  await using house = await openYamlHouse();
  await fill(house);
  const text = await house.yaml.exportYaml({ webhook: ["push", "pull"] }, { explode: true }, house.admin);
  expect(text).toBe(EXPLODED);
  expect(text).not.toContain("do not tell");
});

test("without explode there are references only", async () => {
  await using house = await openYamlHouse();
  await fill(house);
  const text = await house.yaml.exportYaml(
    { webhook: ["push"], webhook_authenticator: ["github"] },
    { explode: false },
    house.admin,
  );
  expect(text).toContain("  authenticator_id: github\n");
  expect(text).toContain("  secret_ids:\n  - GITHUB\n");
  expect(text.indexOf("webhook_authenticator")).toBeLessThan(text.indexOf("cetmix_tower_model: webhook\n"));
});

test.for([true, false])(
  "export → import into an empty tower → export gives the same text (explode %s)",
  async (explode) => {
    await using first = await openYamlHouse();
    await fill(first);
    const text = await first.yaml.exportYaml(await first.yaml.selectAll(first.admin), { explode }, first.admin);
    await using second = await openYamlHouse();
    const report = await second.importText(text);
    expect(report.created).toHaveLength(4);
    expect(report.ignored).toEqual([]);
    expect(await second.yaml.exportYaml(await second.yaml.selectAll(second.admin), { explode }, second.admin)).toBe(
      text,
    );
  },
);

test("text survives whatever is in it", async () => {
  await using house = await openYamlHouse();
  const texts = [
    ..."false no yes on ~ null 1e5 0o17 0x1F 1:30 2024-01-01 .inf = << - ? ! & * % @ ` { [ , # 007 - true".split(" "),
    "a: b",
    "a #b",
    "'quoted'",
    '"quoted"',
    " leading",
    "trailing ",
    "ünï çödé 日本 🗼",
    "\u00a0nbsp",
    "!!python/object:x",
    "*alias",
    "&anchor",
    "--- x",
    "...",
  ];
  const codes = [
    "",
    "x",
    "x\n",
    "\nx",
    "\n\n  x\n",
    "  indented\nless\n",
    "a\n\n\nb\n\n\n",
    "trailing space \nx ",
    "\ttab\n\tb",
    "a\r\nb\r\n",
    "a\rb",
    "# comment\n---\n...\n",
    "line\u2028separator\nb",
    "nel\u0085x\nb",
    "bell\u0007\nb",
    "\ufeffbom\nb",
    "   \n   \n",
    "\n",
    " ",
    "x: |\n  y\n",
    "a\n ",
    "a\n\t",
    `${"long ".repeat(50)}\nb`,
    "'''\n\"\"\"\n",
    "🗼\n\\n\n",
    "a\n#b",
    "\n#b\na",
    "#x\n b\n",
  ];
  const all = texts
    .flatMap((text, i) => [{ name: text, code: codes[i % codes.length] ?? "" }])
    .concat(codes.map((code) => ({ name: "x", code })));
  for (const [i, values] of all.entries()) {
    await house.records.create(models.get("webhook_authenticator"), { ...values, reference: `r${i}` }, house.admin);
  }
  const text = await house.yaml.exportYaml(await house.yaml.selectAll(house.admin), { explode: true }, house.admin);
  await using copy = await openYamlHouse();
  await copy.importText(text);
  expect(await copy.all("webhook_authenticator")).toEqual(await house.all("webhook_authenticator"));
  expect(parseYaml(text).kind).toBe("map");
});

test("what is not there or cannot be exported is named", async () => {
  await using house = await openYamlHouse();
  const run = (selection: Record<string, string[]>) => house.yaml.exportYaml(selection, { explode: true }, house.admin);
  await expect(run({ webhook: ["lost"] })).rejects.toMatchObject({ code: "not_found" });
  await expect(run({ user: ["admin"] })).rejects.toMatchObject({ code: "invalid" });
  await expect(run({ spaceship: ["x"] })).rejects.toMatchObject({ code: "invalid" });
  await expect(run({})).rejects.toThrow("there is nothing to export");
});
