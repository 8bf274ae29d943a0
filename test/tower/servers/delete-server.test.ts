import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeOpenSsh, startOpenSsh, type OpenSshServer } from "../../support/openssh.ts";
import { startTowerProcess } from "../../support/tower-process.ts";
import { createTowerClient, makeDataDir } from "../../support/tower.ts";
import { addFirstServer, createRunsClient, startRuns, type RunsClient, type RunsFixture } from "../runs/support.ts";

async function statusOf(at: RunsClient, server: string): Promise<unknown> {
  const { status, json } = await at.tower.api("GET", `/servers/${server}`);
  return status === 404 ? "gone" : (json as { status: unknown }).status;
}

describeOpenSsh("servers are deleted", () => {
  let at: RunsFixture;
  beforeAll(async () => {
    at = await startRuns();
  });
  afterAll(async () => at[Symbol.asyncDispose]());

  const remove = (server: string) => at.tower.api("DELETE", `/servers/${server}`);
  /** @returns a server whose plan on deletion runs this */
  async function addServer(code: string, plan: object = {}) {
    const plan_delete_id = await at.addPlan([await at.addCommand(code)], { access_level: "root", ...plan });
    return at.addServer({ plan_delete_id });
  }

  it("at once without a plan", async () => {
    const server = await at.addServer();
    expect((await remove(server)).status).toBe(204);
    expect(await statusOf(at, server)).toBe("gone");
  });

  it("when their plan has ended with 0", async () => {
    const file = `${at.ssh.dir}/farewell`;
    const server = await addServer(`while [ ! -e ${file} ]; do sleep 0.05; done`);
    expect(await remove(server)).toMatchObject({ status: 202, text: "" });
    expect(await statusOf(at, server)).toBe("deleting");
    writeFileSync(file, "");
    await at.until(() => statusOf(at, server), "gone");
  });

  it("not when it has ended with anything else; then it can be tried again", async () => {
    const server = await addServer(`test -e ${at.ssh.dir}/second`);
    expect((await remove(server)).status).toBe(202);
    await at.until(() => statusOf(at, server), "delete_error");
    writeFileSync(`${at.ssh.dir}/second`, "");
    expect((await remove(server)).status).toBe(202);
    await at.until(() => statusOf(at, server), "gone");
  });

  it("at once when their plan runs and somebody insists", async () => {
    const server = await addServer("sleep 324");
    expect((await remove(server)).status).toBe(202);
    await at.until(() => at.countProcesses("sleep 324"), 1);
    expect((await remove(server)).status).toBe(204);
    expect(await statusOf(at, server)).toBe("gone");
    await at.until(() => at.countProcesses("sleep 324"), 0);
  });

  it("not when the plan is being run by somebody else", async () => {
    const file = `${at.ssh.dir}/other`;
    const plan = await at.addPlan([await at.addCommand(`while [ ! -e ${file} ]; do sleep 0.05; done`)]);
    const server = await at.addServer({ plan_delete_id: plan });
    await at.tower.must("POST", `/plans/${plan}/run`, { server });
    const answer = await remove(server);
    expect([answer.status, answer.text]).toEqual([409, expect.stringContaining("is running already")]);
    expect(await statusOf(at, server)).toBe(null);
    writeFileSync(file, "");
  });

  it("by those who may delete them: for others no plan begins", async () => {
    const file = `${at.ssh.dir}/never`;
    const server = await addServer(`touch ${file}`);
    const values = { name: "M", login: "deleter", password: "a-long-password", group: "manager" };
    await at.tower.must("POST", "/users", values);
    await at.tower.must("PATCH", `/servers/${server}`, { manager_ids: ["deleter"] });
    const token = await at.tower.tower.core.accounts.createApiToken("deleter", "test");
    const manager = createTowerClient(at.tower.url, token);
    expect((await manager.api("DELETE", `/servers/${server}`)).status).toBe(403);
    manager.close();
    expect(await statusOf(at, server)).toBe(null);
    expect(await at.commandLogs({ server_id: server })).toEqual([]);
  });

  it("by code in the same way", async () => {
    const server = await addServer("true");
    const plain = await at.addServer();
    await at.run(
      `tower_servers.search([("reference", "in", ["${server}", "${plain}"])]).unlink()\n` +
        `result = {"message": len(tower_servers.search([("reference", "=", "${plain}")]))}`,
    );
    expect(await statusOf(at, plain)).toBe("gone");
    await at.until(() => statusOf(at, server), "gone");
  });
});

describe("a deletion outlives the process that began it", () => {
  describeOpenSsh("on a real server", () => {
    let ssh: OpenSshServer;
    beforeAll(async () => {
      ssh = await startOpenSsh();
    });
    afterAll(async () => ssh[Symbol.asyncDispose]());

    it.each(["SIGKILL", "SIGTERM"] as const)(
      "after %s the plan goes on, and then the server is deleted",
      async (signal) => {
        await using dataDir = await makeDataDir();
        await using first = await startTowerProcess(dataDir.path);
        const at = createRunsClient(first, ssh);
        await addFirstServer(at);
        const file = `${ssh.dir}/${signal}`;
        const wait = `echo one >> ${file}; while [ ! -e ${file}.go ]; do sleep 0.05; done`;
        const lines = [await at.addCommand(wait), await at.addCommand(`echo two >> ${file}`)];
        const plan = await at.addPlan(lines, { on_error_action: "n" });
        const server = await at.addServer({ plan_delete_id: plan });
        expect((await at.tower.api("DELETE", `/servers/${server}`)).status).toBe(202);
        await at.until(async () => readFile(file, "utf8").catch(() => ""), "one\n");
        first.kill(signal);
        if (signal === "SIGTERM") writeFileSync(`${file}.go`, "");
        await first.ended;
        await using second = await startTowerProcess(dataDir.path);
        const later = createRunsClient(second, ssh);
        await later.until(() => statusOf(later, server), "gone");
        expect(await readFile(file, "utf8")).toBe("one\ntwo\n");
        writeFileSync(`${file}.go`, "");
      },
      60_000,
    );
  });
});
