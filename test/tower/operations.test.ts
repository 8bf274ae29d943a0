import { afterAll, beforeAll, expect, it } from "vitest";
import { createTowerClient } from "../support/tower.ts";
import { describeOpenSsh } from "../support/openssh.ts";
import { SERVER, startRuns, type Log, type RunsFixture } from "./runs/support.ts";

describeOpenSsh("the tower by hand, over REST", () => {
  let at: RunsFixture;
  beforeAll(async () => {
    at = await startRuns();
  });
  afterAll(async () => at[Symbol.asyncDispose]());

  it("runs a command, and answers before its end", async () => {
    const command = await at.addCommand("sleep 1; echo late");
    const answer = await at.tower.api("POST", `/servers/${SERVER}/run-command`, { command, label: "mine" });
    expect(answer).toMatchObject({ status: 202, json: { is_running: true, label: "mine", command_response: null } });
    expect(await at.untilEnd("command-logs", (answer.json as Log).id)).toMatchObject({ command_response: "late\n" });
  });

  it("waits for the end when it is told to", async () => {
    const command = await at.addCommand("pwd");
    const body = { command, wait: 20, path: "/usr" };
    const answer = await at.tower.api("POST", `/servers/${SERVER}/run-command`, body);
    expect(answer).toMatchObject({ status: 202, json: { is_running: false, command_response: "/usr\n" } });
    const { headers } = answer;
    expect(headers["location"]).toBe(`/api/v1/command-logs/${String((answer.json as Log).id)}`);
  });

  it("runs a plan", async () => {
    const plan = await at.addPlan([await at.addCommand("echo hi")]);
    const answer = await at.tower.api("POST", `/plans/${plan}/run`, { server: SERVER, wait: 20 });
    expect(answer).toMatchObject({ status: 202, json: { is_running: false, plan_status: 0, plan_id: plan } });
  });

  it.each([
    ["/servers/nowhere/run-command", { command: "x" }, 404, "There is no server nowhere"],
    [`/servers/${SERVER}/run-command`, { command: "nothing" }, 404, "There is no command nothing"],
    [`/servers/${SERVER}/run-command`, {}, 422, "command"],
    [`/servers/${SERVER}/run-command`, { command: "x", wait: 61 }, 422, "wait"],
    ["/plans/nothing/run", { server: SERVER }, 404, "There is no flight plan nothing"],
    ["/command-logs/999999/stop", undefined, 404, "999999"],
  ])("refuses %s with %j", async (path, body, status, text) => {
    const answer = await at.tower.api("POST", path, body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text)]);
  });

  it("stops a command on its server", async () => {
    const command = await at.addCommand("echo begun; sleep 321; echo never");
    const { json } = await at.tower.api("POST", `/servers/${SERVER}/run-command`, { command });
    const { id } = json as Log;
    await at.until(() => at.countProcesses("sleep 321"), 1);
    expect(await at.tower.must("POST", `/command-logs/${String(id)}/stop`)).toMatchObject({
      is_running: false,
      command_status: -208,
      command_error: "Stopped by user Administrator",
      duration_ms: expect.any(Number),
    });
    await at.until(() => at.countProcesses("sleep 321"), 0);
    expect(await at.tower.api("POST", `/command-logs/${String(id)}/stop`)).toMatchObject({ status: 409 });
  });

  it("stops a plan with what it runs", async () => {
    const inner = await at.addPlan([await at.addCommand("sleep 322")]);
    const plan = await at.addPlan([
      await at.addCommand("", { action: "plan", flight_plan_id: inner }),
      await at.addCommand("echo never"),
    ]);
    const { json } = await at.tower.api("POST", `/plans/${plan}/run`, { server: SERVER });
    const { id } = json as Log;
    await at.until(() => at.countProcesses("sleep 322"), 1);
    expect(await at.tower.must("POST", `/plan-logs/${String(id)}/stop`)).toMatchObject({
      is_running: false,
      is_stopped: true,
      plan_status: -308,
      custom_message: "Stopped by user Administrator",
    });
    await at.until(() => at.countProcesses("sleep 322"), 0);
    expect(await at.commandLogs({ plan_log_id: String(id) })).toMatchObject([{ command_status: -208 }]);
  });

  it("tests the way to a server, and says what is wrong", async () => {
    expect(await at.tower.must("POST", `/servers/${SERVER}/check`)).toMatchObject({
      ok: true,
      message: "Connection successful.",
      uname: expect.stringContaining("Linux"),
    });
    const unknown = await at.addServer({ host_key: null });
    expect(await at.tower.must("POST", `/servers/${unknown}/check`)).toMatchObject({
      ok: false,
      message: expect.stringContaining("Host key not found"),
    });
  });

  it("stores a host key when its fingerprint is the one that was compared", async () => {
    const server = await at.addServer({ host_key: null });
    const found = await at.tower.must<Log>("GET", `/servers/${server}/host-key`);
    expect(found).toMatchObject({ type: "ssh-ed25519", base64: at.ssh.hostKeys["ssh-ed25519"], trusted: false });
    const wrong = await at.tower.api("POST", `/servers/${server}/host-key`, { fingerprint: "SHA256:other" });
    expect([wrong.status, wrong.text]).toEqual([409, expect.stringContaining("nothing was stored")]);
    expect(await at.tower.must("POST", `/servers/${server}/check`)).toMatchObject({ ok: false });
    await at.tower.must("POST", `/servers/${server}/host-key`, { fingerprint: found["fingerprint"] });
    expect(await at.tower.must("POST", `/servers/${server}/check`)).toMatchObject({ ok: true });
  });

  it("keeps users to what is theirs", async () => {
    await at.tower.must("POST", "/users", {
      name: "Plain",
      login: "plain",
      password: "a-long-password",
      group: "user",
    });
    const command = await at.addCommand("sleep 323", { access_level: "user", user_ids: ["plain"] });
    const closed = await at.addCommand("true");
    await at.tower.must("PATCH", `/servers/${SERVER}`, { user_ids: ["plain"] });
    const token = await at.tower.tower.core.accounts.createApiToken("plain", "test");
    const plain = createTowerClient(at.tower.url, token);
    const run = (name: string) => plain.api("POST", `/servers/${SERVER}/run-command`, { command: name });
    expect(await run(closed)).toMatchObject({ status: 404 });
    const { json } = await at.tower.api("POST", `/servers/${SERVER}/run-command`, { command });
    const { id } = json as Log;
    expect((await plain.api("POST", `/command-logs/${String(id)}/stop`)).status).toBe(403);
    expect((await plain.api("POST", `/servers/${SERVER}/check`)).status).toBe(403);
    expect((await plain.api("GET", `/servers/${SERVER}/host-key`)).status).toBe(403);
    await at.tower.must("POST", `/command-logs/${String(id)}/stop`);
    const own = await run(command);
    expect(own.status).toBe(202);
    expect(await plain.must("POST", `/command-logs/${String((own.json as Log).id)}/stop`)).toMatchObject({
      command_status: -208,
    });
    plain.close();
  });
});
