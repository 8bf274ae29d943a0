import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeOpenSsh } from "../support/openssh.ts";
import { SERVER, startRuns, type Log, type RunsFixture } from "./runs/support.ts";

/** Files, server logs, templates, shortcuts and deletion, as people and snippets reach them. */
describeOpenSsh("what is done with servers", () => {
  let at: RunsFixture;
  beforeAll(async () => {
    at = await startRuns();
  });
  afterAll(async () => at[Symbol.asyncDispose]());

  const server = `server = tower_servers.get_by_reference("${SERVER}")`;
  const path = (name: string) => `${at.ssh.dir}/${name}`;

  it("sends files that are rendered, and fetches files", async () => {
    await at.setVariable("color", "blue");
    const values = { name: "a.txt", server_dir: at.ssh.dir, code: "{{ color }}\n", server_id: SERVER };
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/files", values);
    expect(await at.tower.must("POST", `/files/${reference}/push`)).toMatchObject({ server_response: "ok" });
    expect(await readFile(path("a.txt"), "utf8")).toBe("blue");
    await at.run(`env["cx.tower.file"].get_by_reference("${reference}").write({"code": "red"})`);
    await at.run(`env["cx.tower.file"].get_by_reference("${reference}").upload()`);
    expect(await readFile(path("a.txt"), "utf8")).toBe("red");
    await writeFile(path("b.txt"), "from there");
    const pulled = { name: "b.txt", server_dir: at.ssh.dir, source: "server", server_id: SERVER };
    const other = await at.tower.must<{ reference: string }>("POST", "/files", pulled);
    expect(await at.tower.must("POST", `/files/${other.reference}/pull`)).toMatchObject({ code: "from there" });
    const nowhere = { ...pulled, name: "c.txt" };
    const missing = await at.tower.must<{ reference: string }>("POST", "/files", nowhere);
    expect((await at.tower.api("POST", `/files/${missing.reference}/pull`)).status).toBe(422);
  });

  it("moves files from code without a record", async () => {
    expect(
      await at.run(`${server}
server.upload_file(b"\\x00bytes", "${path("raw")}")
data = server.download_file("${path("raw")}")
server.delete_file("${path("raw")}")
result = {"message": repr(data)}`),
    ).toBe("b'\\x00bytes'");
    await expect(at.run(`${server}\nserver.download_file("${path("raw")}")`)).rejects.toThrow(path("raw"));
  });

  it("keeps metadata with a server", async () => {
    await at.run(`${server}\nserver.update_metadata({"a": 1, "b": [2]})`);
    await at.run(`${server}\nserver.update_metadata({"a": None})`);
    expect(await at.run(`${server}\nresult = {"message": server.metadata}`)).toEqual({ a: null, b: [2] });
  });

  it("refreshes server logs", async () => {
    const command = await at.addCommand("echo fresh");
    const values = { name: "L", server_id: SERVER, command_id: command };
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/server-logs", values);
    expect(await at.tower.must("POST", `/server-logs/${reference}/refresh`)).toMatchObject({ log_text: "fresh\n" });
    expect(await at.commandLogs({ command_id: command })).toEqual([]);
    await at.run(`env["cx.tower.server.log"].get_by_reference("${reference}").action_update_log()`);
  });

  it("runs shortcuts", async () => {
    const plan = await at.addPlan([await at.addCommand("echo by shortcut")]);
    const values = { name: "S", action: "plan", plan_id: plan, server_ids: [SERVER] };
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/shortcuts", values);
    const { log } = await at.tower.must<{ log: string }>("POST", `/shortcuts/${reference}/run`, { server: SERVER });
    const id = Number(log.split("/").at(-1));
    expect(await at.untilEnd("plan-logs", id)).toMatchObject({ plan_id: plan, plan_status: 0 });
    await at.run(`${server}\nenv["cx.tower.shortcut"].get_by_reference("${reference}").run(server)`);
  });

  it("makes servers from templates, and runs their plan on them", async () => {
    await at.setVariable("role", "any");
    const plan = await at.addPlan([await at.addCommand("echo {{ role }}")]);
    await at.tower.must("POST", "/server-templates", {
      name: "T",
      reference: "t",
      ssh_username: at.ssh.target.username,
      ssh_auth_mode: "k",
      ssh_key_id: "k",
      flight_plan_id: plan,
      variable_value_ids: [{ variable_id: "role", value_char: "web", required: true }],
    });
    const host = { ip_v4_address: at.ssh.host, ssh_port: at.ssh.port, host_key: at.ssh.hostKeys["ssh-ed25519"] };
    const missing = await at.tower.api("POST", "/server-templates/t/create-server", { name: "n", values: host });
    expect([missing.status, missing.text]).toEqual([422, expect.stringContaining("Missing variables: ")]);
    const made = await at.tower.must<Log>("POST", "/server-templates/t/create-server", {
      name: "New one",
      values: host,
      configuration_variables: { role: "db" },
    });
    expect(made).toMatchObject({ reference: "new_one", server_template_id: "t", ssh_auth_mode: "k" });
    const logOf = async (reference: string) => {
      const { items } = await at.tower.must<{ items: Log[] }>("GET", `/plan-logs?server_id=${reference}`);
      await at.untilEnd("plan-logs", items[0]?.id);
      return at.commandLogs({ server_id: reference });
    };
    expect(await logOf("new_one")).toMatchObject([{ command_response: "db\n" }]);
    const code = `
server = tower.server_create_from_template("t", "Another", ipv4="${at.ssh.host}", ssh_port=${at.ssh.port},
    host_key="${at.ssh.hostKeys["ssh-ed25519"]}", configuration_variables={"role": "x"})
result = {"message": server.reference}`;
    expect(await at.run(code)).toBe("another");
    expect(await logOf("another")).toMatchObject([{ command_response: "x\n" }]);
  });

  it("deletes servers when their plan has ended well, and keeps them when it has not", async () => {
    const good = await at.addServer({ plan_delete_id: await at.addPlan([await at.addCommand("true")]) });
    expect((await at.tower.api("DELETE", `/servers/${good}`)).status).toBe(202);
    await at.until(async () => (await at.tower.api("GET", `/servers/${good}`)).status, 404);
    const bad = await at.addServer({ plan_delete_id: await at.addPlan([await at.addCommand("exit 1")]) });
    await at.run(`tower_servers.get_by_reference("${bad}").unlink()`);
    await at.until(async () => (await at.tower.must<Log>("GET", `/servers/${bad}`))["status"], "delete_error");
    expect((await at.tower.api("DELETE", `/servers/${await at.addServer()}`)).status).toBe(204);
  });

  it("lets plain users do none of it with servers that they only see", async () => {
    await at.tower.must("POST", "/users", { name: "P", login: "p", password: "a-long-password", group: "user" });
    await at.tower.must("PATCH", `/servers/${SERVER}`, { user_ids: ["p"] });
    for (const action of [
      `server.upload_file("x", "${path("never")}")`,
      `server.download_file("${path("a.txt")}")`,
      `server.delete_file("${path("a.txt")}")`,
      `server.update_metadata({"a": 2})`,
      `server.add_tags("x")\nserver.write({"note": "x"})`,
      `env["cx.tower.file"].search([]).upload()`,
      `server.unlink()`,
      `tower.server_create_from_template("t", "no")`,
    ])
      await expect(at.run(`${server}\n${action}`, "p"), action).rejects.toThrow(/may not|There is no/);
    expect(await readFile(path("a.txt"), "utf8")).toBe("red");
  });
});
