import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CodeUser } from "../../../src/guest/guest.ts";
import type { CommandRequest, PlanRequest, Runs } from "../../../src/tower/runs/runs.ts";
import { runShortcut } from "../../../src/tower/servers/run-shortcut.ts";
import { createServerLogs, type ServerLogs } from "../../../src/tower/servers/server-logs.service.ts";
import { describeOpenSsh } from "../../support/openssh.ts";
import { SERVER, startRuns, type Log, type RunsFixture } from "../runs/support.ts";
import { openParts, type Parts } from "../support.ts";

describeOpenSsh("shortcuts and server logs", () => {
  let at: RunsFixture;
  let parts: Parts;
  let runs: Runs;
  let logs: ServerLogs;
  let admin: CodeUser;
  let plain: CodeUser;
  let serverId: number;

  beforeAll(async () => {
    at = await startRuns();
    parts = openParts(at.tower);
    runs = at.tower.tower.runs;
    logs = createServerLogs({ ...parts.tools, runs, files: parts.files });
    admin = await parts.user("admin");
    plain = await parts.addUser("plain", "user");
    await at.tower.must("PATCH", `/servers/${SERVER}`, { user_ids: ["plain"] });
    serverId = await parts.idOf("server", SERVER);
  });
  afterAll(async () => {
    await parts[Symbol.asyncDispose]();
    await at[Symbol.asyncDispose]();
  });

  async function addLog(values: object) {
    const record = { name: "l", server_id: SERVER, access_level: "user", ...values };
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/server-logs", record);
    return {
      reference,
      id: await parts.idOf("server_log", reference),
      view: () => at.tower.must<Log>("GET", `/server-logs/${reference}`),
    };
  }

  it.each([
    ["echo out; echo err >&2", "out\n"],
    ["echo err >&2; exit 3", "err\n"],
    ["true", "<log is empty>"],
    ["printf 'a\\0b'", "ab"],
  ])("a log of the command %j shows %j, and the command leaves no log", async (code, text) => {
    const command = await at.addCommand(code);
    const log = await addLog({ command_id: command });
    expect(await logs.refresh(log.id, plain)).toBe(text);
    expect(await log.view()).toMatchObject({ log_text: text });
    expect(await at.commandLogs({ command_id: command })).toEqual([]);
  });

  it("a log of a file shows what is there now", async () => {
    await writeFile(`${at.ssh.dir}/app.log`, "line\n");
    const file = { name: "app.log", server_dir: at.ssh.dir, server_id: SERVER, source: "server" };
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/files", file);
    const log = await addLog({ log_type: "file", file_id: reference });
    expect(await logs.refresh(log.id, plain)).toBe("line\n");
    await writeFile(`${at.ssh.dir}/app.log`, "a\0b");
    expect(await logs.refresh(log.id, plain)).toContain("NUL character");
    expect(await log.view()).toMatchObject({ log_text: expect.stringContaining("NUL character") });
  });

  it("a log is written by the tower alone, and seen by those it is for", async () => {
    const log = await addLog({ access_level: "manager", command_id: await at.addCommand("true") });
    const answer = await at.tower.api("PATCH", `/server-logs/${log.reference}`, { log_text: "mine" });
    expect([answer.status, answer.text]).toEqual([
      422,
      expect.stringContaining("You are not allowed to modify the server log output."),
    ]);
    await expect(logs.refresh(log.id, plain)).rejects.toMatchObject({ code: "forbidden" });
  });

  it("asks for sudo as the log says", async () => {
    const asked: CommandRequest[] = [];
    const recording = {
      async runCommand(request: CommandRequest) {
        asked.push(request);
        return { logId: null, status: 0, response: "x", error: null, variableValues: {} };
      },
    };
    const recorded = createServerLogs({ ...parts.tools, runs: recording, files: parts.files });
    for (const use_sudo of [true, false]) {
      const log = await addLog({ command_id: await at.addCommand("true"), use_sudo });
      await recorded.refresh(log.id, admin);
    }
    expect(asked).toMatchObject([{ log: false, trusted: true }, { sudo: false }]);
    expect(asked[0]).not.toHaveProperty("sudo");
  });

  async function addShortcut(values: object): Promise<number> {
    const record = { name: "s", access_level: "user", server_ids: [SERVER], ...values };
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/shortcuts", record);
    return parts.idOf("shortcut", reference);
  }
  const run = (shortcutId: number, user: CodeUser, server = serverId) =>
    runShortcut({ ...parts.tools, runs }, { shortcutId, serverId: server, user, label: "short" });

  it("a User runs by a shortcut what only Managers see", async () => {
    const command = await at.addCommand("echo ran", { access_level: "manager" });
    const shortcut = await addShortcut({ action: "command", command_id: command });
    const started = await run(shortcut, plain);
    expect(started.action).toBe("command");
    expect(await started.ended).toMatchObject({ status: 0, response: "ran\n" });
    expect(await at.commandLogs({ command_id: command })).toMatchObject([{ user_id: "plain", label: "short" }]);
    const plan = await at.addPlan([command], { access_level: "root" });
    const ofPlan = await run(await addShortcut({ action: "plan", plan_id: plan }), plain);
    expect(ofPlan.action).toBe("plan");
    expect(await ofPlan.ended).toMatchObject({ status: 0 });
  });

  it("a shortcut works on its servers, for those who see it, while it is not archived", async () => {
    const command = await at.addCommand("true");
    const shortcut = await addShortcut({ action: "command", command_id: command });
    const hidden = await addShortcut({ action: "command", command_id: command, access_level: "manager" });
    await expect(run(hidden, plain)).rejects.toMatchObject({ code: "forbidden" });
    const other = await parts.idOf("server", await at.addServer({ user_ids: ["plain"] }));
    await expect(run(shortcut, plain, other)).rejects.toMatchObject({ code: "conflict" });
    const unseen = await parts.idOf("server", await at.addServer({ user_ids: [] }));
    await expect(run(shortcut, plain, unseen)).rejects.toMatchObject({ code: "forbidden" });
    const archived = await addShortcut({ action: "command", command_id: command, active: false });
    await expect(run(archived, plain)).rejects.toThrow("is archived");
  });

  it("asks for sudo as the shortcut says", async () => {
    const asked: Array<CommandRequest | PlanRequest> = [];
    const recording = {
      async startCommand(request: CommandRequest) {
        asked.push(request);
        return { logId: 1, ended: Promise.reject(new Error("not waited for")).catch(() => undefined as never) };
      },
      async startPlan(request: PlanRequest) {
        asked.push(request);
        return { logId: 1, ended: Promise.resolve(null) };
      },
    };
    for (const use_sudo of [true, false]) {
      const shortcutId = await addShortcut({ action: "command", command_id: await at.addCommand("true"), use_sudo });
      await runShortcut({ ...parts.tools, runs: recording }, { shortcutId, serverId, user: admin });
    }
    expect(asked).toMatchObject([{ trusted: true }, { sudo: false }]);
    expect(asked[0]).not.toHaveProperty("sudo");
  });
});
