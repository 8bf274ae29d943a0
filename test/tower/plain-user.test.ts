import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { models } from "../../src/models.ts";
import { createTowerClient, startTestTower, type TestTower, type TowerClient } from "../support/tower.ts";

/** Every method that records and the helper have; what gives something back was not refused. */
const ATTEMPTS = `
leaks = []

def attempt(name, label, action):
    try:
        value = action()
    except Exception:
        return
    if value:
        leaks.append([name, label, str(value)])

for name, id, reference in payload["records"]:
    model = env[name]
    ways = {
        "search": lambda: model.search([("id", "=", id)]).ids,
        "search archived": lambda: model.with_context(active_test=False).search([("id", "=", id)]).ids,
        "search_count": lambda: model.search_count([("id", ">", 0)]),
        "get_by_reference": lambda: reference and model.get_by_reference(reference).ids,
        "read": lambda: model.browse(id).read(),
        "field": lambda: model.browse(id).name or model.browse(id).create_date,
        "mapped": lambda: model.browse(id).mapped("name"),
        "filtered": lambda: model.browse(id).filtered(lambda one: one.name),
        "sorted": lambda: model.browse([id, id]).sorted("name").mapped("name"),
        "sudo": lambda: model.sudo().browse(id).read(),
        "with_user": lambda: model.with_user(1).browse(id).read(),
        "write": lambda: model.browse(id).write({"name": "taken"}) or "written",
        "unlink": lambda: model.browse(id).unlink() or "gone",
        "create": lambda: model.create({"name": "made", "reference": "made"}),
        "run": lambda: model.browse(id).run(env["cx.tower.server"].browse(1)) or "run",
        "run_command": lambda: model.browse(id).run_command(tower_commands.browse(1)) or "run",
        "run_flight_plan": lambda: model.browse(id).run_flight_plan(tower_plans.browse(1)),
        "stop": lambda: model.browse(id).stop(),
        "upload": lambda: model.browse(id).upload() or "uploaded",
        "download": lambda: model.browse(id).download() or "downloaded",
        "delete": lambda: model.browse(id).delete() or "deleted",
        "create_file": lambda: model.browse(id).create_file(env["cx.tower.server"].browse(1)),
        "action_update_log": lambda: model.browse(id).action_update_log() or "updated",
        "upload_file": lambda: model.browse(id).upload_file("x", "/tmp/x") or "uploaded",
        "download_file": lambda: model.browse(id).download_file("/etc/hostname"),
        "delete_file": lambda: model.browse(id).delete_file("/tmp/x") or "deleted",
        "update_metadata": lambda: model.browse(id).update_metadata({"a": 1}) or "updated",
        "set_variable_value": lambda: model.browse(id).set_variable_value("v", "x") or "set",
        "get_variable_value": lambda: model.browse(id).get_variable_value("v"),
        "add_tags": lambda: model.browse(id).add_tags("Real"),
        "has_tags": lambda: model.has_tags("x", search_all=True),
    }
    for label in payload["ways"] or ways:
        attempt(name, label, ways[label])
for label, action in {
    "set_variable": lambda: tower.server_set_variable_value("srv", "v", "x")["exit_code"] == 0,
    "get_variable": lambda: tower.server_get_variable_value("srv", "v"),
    "run_command": lambda: tower.server_run_command("srv", "c")["exit_code"] != -101,
    "run_flight_plan": lambda: tower.server_run_flight_plan("srv", "pl"),
    "from_template": lambda: tower.server_create_from_template("st", "made"),
    "check": lambda: tower.server_check_ssh_connection("srv", attempts=1),
}.items():
    attempt("tower", label, action)
result = {"message": {"leaks": leaks}}`;

/**
 * What the code of a webhook can reach as a user of the group User, tried by every method that records have, on a
 * record of every model that is not that user's.
 */
describe("a webhook that runs as a plain user", () => {
  let tower: TestTower;
  /** Long name of the model, id, reference. */
  let hidden: ReadonlyArray<readonly [string, number, string]>;
  beforeAll(async () => {
    tower = await startTestTower();
    await tower.must("POST", "/users", { name: "P", login: "p", password: "a-long-password", group: "user" });
    await makeRecords();
    hidden = await findRecords();
  });
  afterAll(async () => tower[Symbol.asyncDispose]());

  /** One of each model that people make, none of them the user's. */
  async function makeRecords(): Promise<void> {
    const make = (collection: string, values: object) => tower.must("POST", collection, values);
    await make("/tags", { name: "Real" });
    await make("/keys", { name: "k", reference: "k", key_type: "k" });
    await make("/keys", { name: "s", reference: "s", secret_value: "s3cret" });
    const address = { ip_v4_address: "192.0.2.1", ssh_username: "root" };
    await make("/servers", { name: "srv", reference: "srv", ...address });
    await make("/key-values", { key_id: "s", server_id: "srv", secret_value: "own" });
    await make("/file-templates", { name: "ft", reference: "ft", file_name: "x" });
    await make("/files", { name: "f", server_id: "srv" });
    await make("/commands", { name: "c", reference: "c", access_level: "user", code: "true" });
    const line = { command_id: "c", action_ids: [{ condition: "==", value_char: "0", action: "n" }] };
    await make("/plans", { name: "pl", reference: "pl", access_level: "user", line_ids: [line] });
    await make("/variables", { name: "v", reference: "v", access_level: "manager", option_ids: [] });
    await make("/variable-options", { name: "o", value_char: "o", variable_id: "v", access_level: "manager" });
    await make("/variable-values", { variable_id: "v", server_id: "srv", value_char: "x" });
    await make("/server-logs", { name: "l", server_id: "srv", command_id: "c" });
    await make("/shortcuts", { name: "sh", command_id: "c", server_ids: ["srv"] });
    await make("/server-templates", { name: "st", reference: "st" });
    await make("/scheduled-tasks", {
      name: "t",
      command_id: "c",
      server_ids: ["srv"],
      next_call: "2099-01-01T00:00:00Z",
    });
    await tower.addWebhook();
    // A run leaves a log of each kind; nothing answers at that address, and nobody waits for it.
    await tower.must("POST", "/plans/pl/run", { server: "srv" });
  }

  async function findRecords(): Promise<Array<[string, number, string]>> {
    const { endpoint } = await tower.addWebhook({
      code: `
found = []
for name in payload["models"]:
    record = env[name].search([], limit=1)
    found.append([name, record.id, record.reference if "reference" in record.read()[0] else ""])
result = {"message": found}`,
    });
    // Everybody sees tags and operating systems; of users only logins are to be had, which are no secret.
    const open = new Set(["user", "tag", "os"]);
    const names = models.all
      .filter(({ name }) => !open.has(name))
      .map(({ name }) => `cx.tower.${name.replaceAll("_", ".")}`);
    const answer = await tower.call(endpoint, { body: JSON.stringify({ models: names }) });
    return (JSON.parse(answer.text) as { message: Array<[string, number, string]> }).message;
  }

  it("is tried on a record of every model", () => {
    expect(hidden.filter(([, id]) => !id)).toEqual([]);
    expect(hidden.length).toBe(models.all.length - 3);
  });

  it("reads nothing that is not theirs, changes nothing and makes nothing", async () => {
    const before = await snapshot();
    expect(await tryAll("p", { records: hidden, ways: [] })).toEqual([]);
    expect(await snapshot()).toEqual(before);
  });

  it("is tried in ways that find something where the rights are there", async () => {
    const ways = ["search", "search_count", "read", "field", "mapped", "filtered", "sorted", "sudo"];
    const servers = hidden.filter(([name]) => name === "cx.tower.server");
    const found = await tryAll("admin", { records: servers, ways });
    expect(found.map(([, label]) => label)).toEqual(expect.arrayContaining(ways));
  });

  it("runs what they are given, and does not say where: a directory is text for the shell", async () => {
    await tower.must("POST", "/servers", {
      name: "shared",
      reference: "shared",
      ip_v4_address: "127.0.0.1",
      ssh_port: 1,
      ssh_password: "x",
      user_ids: ["p"],
    });
    const command = { name: "given", reference: "given", code: "true", access_level: "user", user_ids: ["p"] };
    await tower.must("POST", "/commands", command);
    const path = "/tmp; id; cd /";
    const client = createTowerClient(tower.url, await tower.tower.core.accounts.createApiToken("p", "test"));
    const run = (by: TowerClient, body: object) =>
      by.api("POST", "/servers/shared/run-command", { command: "given", ...body });
    expect((await run(client, { path })).status).toBe(403);
    expect((await run(client, {})).status).toBe(202);
    expect((await run(tower, { path: "/tmp" })).status).toBe(202);
    client.close();
    const { endpoint } = await tower.addWebhook({
      fields: { user_id: "p" },
      code: `tower_servers.get_by_reference("shared").run_command("given", path="${path}")`,
    });
    const answer = await tower.call(endpoint);
    expect(answer).toMatchObject({ status: 500 });
    expect(answer.text).toContain("p may not choose the directory");
  });

  /** @returns what was reached: model, way and value */
  async function tryAll(user: string, payload: object): Promise<readonly (readonly string[])[]> {
    const { endpoint } = await tower.addWebhook({ fields: { user_id: user }, code: ATTEMPTS });
    const answer = await tower.call(endpoint, { body: JSON.stringify(payload) });
    return (JSON.parse(answer.text) as { message: { leaks: string[][] } }).message.leaks;
  }

  /** Every record there is, but for what is written by itself. */
  async function snapshot(): Promise<unknown> {
    const { main } = tower.tower.core.db;
    const tables = models.all.filter(({ name }) => !["webhook", "webhook_authenticator"].includes(name));
    const rows: Record<string, unknown> = {};
    for (const { table } of tables) {
      const isLog = table === "command_logs" || table === "plan_logs";
      const found = await main.selectFrom(table).selectAll().orderBy("id").execute();
      rows[table] = isLog ? found.map(({ id }) => id) : found;
    }
    return rows;
  }
});
