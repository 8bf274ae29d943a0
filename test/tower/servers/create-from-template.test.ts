import { afterAll, beforeAll, expect, it } from "vitest";
import type { CodeUser } from "../../../src/guest/guest.ts";
import { createServerFromTemplate, type NewServerRequest } from "../../../src/tower/servers/create-from-template.ts";
import { openServerAccess } from "../../../src/tower/servers/ssh-target.ts";
import { readServer } from "../../../src/tower/runs/run-records.store.ts";
import { startTestTower, type TestTower } from "../../support/tower.ts";
import type { Log } from "../runs/support.ts";
import { openParts, type Parts } from "../support.ts";

let tower: TestTower;
let parts: Parts;
let manager: CodeUser;

beforeAll(async () => {
  tower = await startTestTower();
  parts = openParts(tower);
  manager = await parts.addUser("maker", "manager");
  for (const name of ["region", "size", "secret_of_root"])
    await tower.must("POST", "/variables", { name, reference: name, access_level: "root" });
  await tower.must("POST", "/commands", { name: "uptime", reference: "uptime", code: "uptime", access_level: "root" });
  await tower.must("POST", "/plans", { name: "setup", reference: "setup" });
  await tower.must("POST", "/plans", { name: "farewell", reference: "farewell", access_level: "root" });
  await tower.must("POST", "/keys", { name: "k", reference: "k", key_type: "k", secret_value: "x" });
  await tower.must("POST", "/file-templates", {
    name: "messages",
    file_name: "messages",
    server_dir: "/var/log",
    source: "server",
  });
  await tower.must("POST", "/shortcuts", { name: "up", reference: "up", action: "command", command_id: "uptime" });
  await tower.must("POST", "/scheduled-tasks", { name: "t", reference: "t", action: "command", command_id: "uptime" });
  await tower.must("POST", "/server-templates", {
    name: "vps",
    reference: "vps",
    ssh_username: "deploy",
    ssh_port: 2222,
    ssh_password: "from-the-template",
    use_sudo: "p",
    note: "of the template",
    flight_plan_id: "setup",
    plan_delete_id: "farewell",
    shortcut_ids: ["up"],
    scheduled_task_ids: ["t"],
    variable_value_ids: [
      { variable_id: "region", value_char: "eu", required: true },
      { variable_id: "size", value_char: "small" },
    ],
    server_log_ids: [
      { name: "load", log_type: "command", command_id: "uptime", use_sudo: true, access_level: "user" },
      { name: "messages", log_type: "file", file_template_id: "messages" },
      { name: "messages again", log_type: "file", file_template_id: "messages" },
    ],
    user_ids: ["maker"],
    manager_ids: [],
  });
});
afterAll(async () => {
  await parts[Symbol.asyncDispose]();
  await tower[Symbol.asyncDispose]();
});

const create = (request: Partial<NewServerRequest>) =>
  createServerFromTemplate(parts.tools, { template: "vps", name: "web", user: manager, ...request });
const list = async (path: string) => (await tower.must<{ items: Log[] }>("GET", path)).items;

it("gives a server all that its template has, whether or not its maker sees it", async () => {
  const made = await create({
    values: { ip_v4_address: "192.0.2.7", note: "its own", reference: "web_one" },
    configurationVariables: { region: "us", brand_new: "1" },
  });
  expect(made).toMatchObject({ reference: "web_one", flightPlanId: await parts.idOf("plan", "setup") });
  expect(await tower.must("GET", "/servers/web_one")).toMatchObject({
    name: "web",
    ip_v4_address: "192.0.2.7",
    ssh_username: "deploy",
    ssh_port: 2222,
    use_sudo: "p",
    note: "its own",
    has_ssh_password: true,
    plan_delete_id: "farewell",
    shortcut_ids: ["up"],
    scheduled_task_ids: ["t"],
    server_template_id: "vps",
    user_ids: ["maker"],
    manager_ids: ["maker"],
  });
  const values = await list("/variable-values?server_id=web_one");
  expect(values.map(({ variable_id, value_char }) => [variable_id, value_char])).toEqual([
    ["region", "us"],
    ["size", "small"],
    ["brand_new", "1"],
  ]);
  expect(await list("/server-logs?server_id=web_one")).toMatchObject([
    { name: "load", command_id: "uptime", use_sudo: true, access_level: "user", file_id: null },
    { name: "messages", log_type: "file", file_id: "web_one_file_1" },
    { name: "messages again", log_type: "file", file_id: "web_one_file_1" },
  ]);
  expect(await list("/files?server_id=web_one")).toMatchObject([
    { name: "messages", server_dir: "/var/log", source: "server", template_id: "messages" },
  ]);
  const server = await readServer(parts.tools.db.main, made.id);
  const access = server && openServerAccess(server, parts.tools.cipher);
  expect(access?.sudoPassword).toBe("from-the-template");
  // The template keeps what it has.
  expect(await list("/variable-values?server_template_id=vps")).toHaveLength(2);
});

it("makes nothing at all when something is missing", async () => {
  const before = (await list("/servers")).length;
  await expect(create({ configurationVariables: { leftover: "1" } })).rejects.toThrow(
    "Please resolve the following issues with configuration variables:\nMissing variables: region",
  );
  await expect(
    create({ values: { ssh_port: 99_999 }, configurationVariables: { region: "x", leftover: "1" } }),
  ).rejects.toMatchObject({ code: "invalid" });
  expect(await list("/servers")).toHaveLength(before);
  expect((await tower.api("GET", "/variables/leftover")).status).toBe(404);
});

it("is for those who see the template", async () => {
  const stranger = await parts.addUser("stranger", "manager");
  const plain = await parts.addUser("plain", "user");
  const configurationVariables = { region: "x" };
  await expect(create({ user: stranger, configurationVariables })).rejects.toMatchObject({ code: "not_found" });
  await expect(create({ user: plain, configurationVariables })).rejects.toMatchObject({ code: "forbidden" });
  await expect(create({ template: "nothing" })).rejects.toThrow("There is no server template nothing");
});

it("gives nobody what they could not point at themselves", async () => {
  const configurationVariables = { region: "x" };
  for (const values of [{ ssh_key_id: "k" }, { plan_delete_id: "farewell" }, { command_ids: ["uptime"] }])
    await expect(create({ values, configurationVariables, name: "thief" })).rejects.toThrow(/there is no/);
  await expect(
    create({ values: { server_log_ids: [{ name: "x" }] }, configurationVariables, name: "thief" }),
  ).rejects.toThrow("server_log_ids: cannot be given here");
  const admin = await parts.user("admin");
  const own = await create({ user: admin, name: "own", values: { ssh_key_id: "k" }, configurationVariables });
  expect(await tower.must("GET", `/servers/${own.reference}`)).toMatchObject({ ssh_key_id: "k" });
});
