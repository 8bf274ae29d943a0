import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeOpenSsh, startOpenSsh, type OpenSshServer } from "../../support/openssh.ts";
import { startTowerProcess } from "../../support/tower-process.ts";
import { makeDataDir } from "../../support/tower.ts";
import { addFirstServer, createRunsClient, SERVER, type Log, type RunsClient } from "./support.ts";

const LOST = "The tower went down while this ran. How it ended is not known";

describeOpenSsh("runs outlive the process that began them", () => {
  let ssh: OpenSshServer;
  beforeAll(async () => {
    ssh = await startOpenSsh();
  });
  afterAll(async () => ssh[Symbol.asyncDispose]());

  /** A plan whose second line waits for a file, and which writes down what it has done. */
  async function addPlan(at: RunsClient, name: string) {
    const file = `${ssh.dir}/${name}`;
    const wait = `echo two >> ${file}; while [ ! -e ${file}.go ]; do sleep 0.05; done; echo end of two >> ${file}`;
    const plan = await at.addPlan(
      [
        await at.addCommand(`echo one >> ${file}`),
        await at.addCommand(wait),
        await at.addCommand(`echo three >> ${file}`),
      ],
      { on_error_action: "n" },
    );
    const { json } = await at.tower.api("POST", `/plans/${plan}/run`, { server: SERVER });
    const read = async () => (await readFile(file, "utf8").catch(() => "")).trim().split("\n");
    await at.until(async () => (await read()).at(-1), "two");
    return { id: (json as Log).id, read, letGo: () => writeFileSync(`${file}.go`, "") };
  }

  it("a plan goes on after kill -9, and what was lost is said honestly", async () => {
    await using dataDir = await makeDataDir();
    await using first = await startTowerProcess(dataDir.path);
    const at = createRunsClient(first, ssh);
    await addFirstServer(at);
    const plan = await addPlan(at, "killed");
    first.kill("SIGKILL");
    await first.ended;
    await using second = await startTowerProcess(dataDir.path);
    const later = createRunsClient(second, ssh);
    expect(await later.untilEnd("plan-logs", plan.id)).toMatchObject({ plan_status: 0, is_stopped: false });
    expect((await later.commandLogs({ plan_log_id: String(plan.id) })).toReversed()).toMatchObject([
      { command_status: 0 },
      { command_status: -100, command_error: expect.stringContaining(LOST), is_running: false },
      { command_status: 0 },
    ]);
    expect(await plan.read()).toEqual(["one", "two", "three"]);
    plan.letGo();
    await later.until(async () => (await plan.read()).at(-1), "end of two");
  }, 60_000);

  it("a plan goes on after SIGTERM with its next line, and nothing is lost", async () => {
    await using dataDir = await makeDataDir();
    await using first = await startTowerProcess(dataDir.path);
    const at = createRunsClient(first, ssh);
    await addFirstServer(at);
    const plan = await addPlan(at, "ended");
    first.kill("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(first.isRunning).toBe(true);
    plan.letGo();
    expect(await first.ended).toEqual({ code: 0, signal: null });
    expect(await plan.read()).toEqual(["one", "two", "end of two"]);
    await using second = await startTowerProcess(dataDir.path);
    const later = createRunsClient(second, ssh);
    expect(await later.untilEnd("plan-logs", plan.id)).toMatchObject({ plan_status: 0 });
    const statuses = (await later.commandLogs({ plan_log_id: String(plan.id) })).map((log) => log["command_status"]);
    expect(statuses).toEqual([0, 0, 0]);
    expect(await plan.read()).toEqual(["one", "two", "end of two", "three"]);
  }, 60_000);

  it("a command is not run again", async () => {
    await using dataDir = await makeDataDir();
    await using first = await startTowerProcess(dataDir.path);
    const at = createRunsClient(first, ssh);
    await addFirstServer(at);
    const file = `${ssh.dir}/once`;
    const command = await at.addCommand(`echo begun >> ${file}; sleep 3`);
    const { json } = await at.tower.api("POST", `/servers/${SERVER}/run-command`, { command });
    await at.until(async () => readFile(file, "utf8").catch(() => ""), "begun\n");
    first.kill("SIGKILL");
    await first.ended;
    await using second = await startTowerProcess(dataDir.path);
    const later = createRunsClient(second, ssh);
    expect(await later.untilEnd("command-logs", (json as Log).id)).toMatchObject({
      command_status: -100,
      command_error: expect.stringContaining(LOST),
    });
    expect(await readFile(file, "utf8")).toBe("begun\n");
  }, 60_000);
});
