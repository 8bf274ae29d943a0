import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { textOf } from "../../src/records/field.ts";
import { describeOpenSsh, startOpenSsh, type OpenSshServer } from "../support/openssh.ts";
import { startTestTower, type TestTower } from "../support/tower.ts";
import { createRunsClient, type Log, type RunsClient } from "./runs/support.ts";

const EXAMPLES = resolve(import.meta.dirname, "../../examples");

describeOpenSsh("the examples that act on servers", () => {
  let ssh: OpenSshServer;
  let tower: TestTower;
  let at: RunsClient;
  let bin: string;
  beforeAll(async () => {
    // `systemctl` of a machine of its own; git needs the rest of the path.
    bin = await mkdtemp(join(tmpdir(), "hooktower-test-"));
    ssh = await startOpenSsh([], [`PATH=${bin}:${process.env["PATH"] ?? ""}`]);
    tower = await startTestTower();
    at = createRunsClient(tower, ssh);
  });
  afterAll(async () => {
    await tower[Symbol.asyncDispose]();
    await ssh[Symbol.asyncDispose]();
    await rm(bin, { recursive: true });
  });

  async function importExample(name: string): Promise<void> {
    const yaml = readFileSync(join(EXAMPLES, name), "utf8")
      .replace("ssh_port: 22", `ssh_port: ${ssh.port}`)
      .replace("ssh_username: deploy", `ssh_username: ${ssh.target.username}`);
    const report = await tower.must<{ ignored: string[] }>("POST", "/import", { yaml });
    expect(report.ignored).toEqual([]);
  }

  async function send(endpoint: string, body: object, sign: (body: string) => Record<string, string>) {
    const text = JSON.stringify(body);
    const headers = { "Content-Type": "application/json", ...sign(text) };
    const answer = await tower.call(endpoint, { body: text, headers });
    return { ...answer, said: (JSON.parse(answer.text) as { message: unknown }).message };
  }

  const hmac = (secret: string, body: string) => createHmac("sha256", secret).update(body).digest("hex");

  it("deploy.yaml: a signed push changes the site on the server, and the logs are linked", async () => {
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
        encoding: "utf8",
      }).trim();
    const [origin, site] = [join(ssh.dir, "origin"), join(ssh.dir, "site")];
    git("init", "--quiet", "--initial-branch", "main", origin);
    const commit = (text: string): string => {
      writeFileSync(join(origin, "index.html"), text);
      git("-C", origin, "add", ".");
      git("-C", origin, "commit", "--quiet", "--message", text);
      return git("-C", origin, "rev-parse", "HEAD");
    };
    commit("old");
    git("clone", "--quiet", origin, site);
    const after = commit("new");
    await importExample("deploy.yaml");
    await tower.must("PATCH", "/keys/GITHUB_WEBHOOK", { secret_value: "s3cret" });
    await tower.must("PATCH", "/keys/DEPLOY_KEY", { secret_value: ssh.privateKey });
    const { items } = await tower.must<{ items: Log[] }>("GET", "/variable-values?variable_id=site_dir&server_id=web1");
    await tower.must("PATCH", `/variable-values/${textOf(items[0]?.["reference"])}`, { value_char: site });
    const { fingerprint } = await tower.must<{ fingerprint: string }>("GET", "/servers/web1/host-key");
    await tower.must("POST", "/servers/web1/host-key", { fingerprint });

    const push = { ref: "refs/heads/main", after, repository: { full_name: "acme/site" } };
    const sign = (body: string) => ({
      "X-GitHub-Event": "push",
      "X-Hub-Signature-256": `sha256=${hmac("s3cret", body)}`,
    });
    const unsigned = await send("github/deploy", push, () => ({ "X-GitHub-Event": "push" }));
    expect([unsigned.status, readFileSync(join(site, "index.html"), "utf8")]).toEqual([401, "old"]);
    const answer = await send("github/deploy", push, sign);
    expect([answer.status, answer.said]).toEqual([200, `acme/site is at ${after.slice(0, 7)}`]);
    expect(readFileSync(join(site, "index.html"), "utf8")).toBe("new");

    const call = await tower.logOf(answer);
    const plans = await tower.must<{ items: Log[] }>("GET", "/plan-logs?plan_id=deploy_site");
    expect(plans.items).toMatchObject([{ webhook_log_id: call.id, plan_status: 0, server_id: "web1" }]);
    const commands = await at.commandLogs({ plan_log_id: String(plans.items[0]?.id) });
    expect(commands.map((log) => [log["command_id"], log["command_status"]])).toEqual([
      ["restart_site", -205],
      ["check_out_site", 0],
      ["fetch_site", 0],
    ]);
    expect(await tower.must("GET", "/servers/web1")).toMatchObject({ status: "running" });

    const nowhere = await send("github/deploy", { ...push, after: "0".repeat(40) }, sign);
    expect(nowhere).toMatchObject({ status: 500, said: expect.stringContaining("was not deployed") });
    const injection = await send("github/deploy", { ...push, after: "$(touch /tmp/x)" }, sign);
    expect(injection).toMatchObject({ status: 500, said: "the push names no commit" });
    expect((await send("github/deploy", { ...push, ref: "refs/heads/x" }, sign)).said).toBe("nothing to deploy");
  });

  it("restart-on-alert.yaml: restarts what may be restarted, where it may", async () => {
    writeFileSync(join(bin, "systemctl"), `#!/bin/sh\necho "$@" >> ${ssh.dir}/systemctl.log\n[ "$2" != broken ]\n`);
    chmodSync(join(bin, "systemctl"), 0o755);
    await importExample("restart-on-alert.yaml");
    await tower.must("PATCH", "/keys/ALERT_API_KEY", { secret_value: "k3y" });
    const key = () => ({ "X-Api-Key": "k3y" });
    const alert = { server: "web1", service: "nginx", status: "down" };
    expect(await send("alert/restart", alert, key)).toMatchObject({
      status: 500,
      said: expect.stringContaining("not to be"),
    });
    await tower.must("PATCH", "/servers/web1", { tag_ids: ["self_healing"] });
    await at.setVariable("restartable", "nginx broken", "web1");
    expect(await send("alert/restart", alert, key)).toMatchObject({ status: 200, said: "nginx runs again on web1" });
    expect(await send("alert/restart", { ...alert, service: "broken" }, key)).toMatchObject({
      status: 500,
      said: "broken did not come back on web1",
    });
    expect((await send("alert/restart", { ...alert, service: "sshd" }, key)).status).toBe(500);
    expect((await send("alert/restart", { ...alert, server: "db1" }, key)).status).toBe(500);
    expect((await send("alert/restart", { ...alert, status: "up" }, key)).said).toBe("nothing to do");
    expect(readFileSync(join(ssh.dir, "systemctl.log"), "utf8")).toBe(
      "restart nginx\nis-active nginx\nrestart broken\n",
    );
  });

  it("rotate-key.yaml: puts a new public key in the place of the old one, on three servers", async () => {
    const file = join(ssh.dir, ".ssh", "authorized_keys");
    mkdirSync(join(ssh.dir, ".ssh"), { recursive: true });
    writeFileSync(file, "ssh-ed25519 OLD ci\nssh-ed25519 OTHER admin\n");
    await importExample("rotate-key.yaml");
    await tower.must("PATCH", "/keys/ROTATION_SECRET", { secret_value: "r0t" });
    for (const reference of ["ci1", "ci2", "ci3"])
      await at.addServer({ name: reference, reference, ssh_key_id: "DEPLOY_KEY", tag_ids: ["known_to_ci"] });
    const sign = (body: string) => ({ "X-Signature": hmac("r0t", body) });
    const answer = await send("rotate-key", { public_key: "ssh-ed25519 NEW ci" }, sign);
    expect([answer.status, answer.said]).toEqual([200, { rotated: ["ci1", "ci2", "ci3"], failed: [] }]);
    expect(readFileSync(file, "utf8").split("\n")).toEqual(
      expect.arrayContaining(["ssh-ed25519 OTHER admin", "ssh-ed25519 NEW ci"]),
    );
    expect(readFileSync(file, "utf8")).not.toContain("OLD");
    const bad = await send("rotate-key", { public_key: 'command="sh" ssh-ed25519 NEW ci' }, sign);
    expect(bad).toMatchObject({ status: 500, said: expect.stringContaining("public_key must be") });
    expect((await send("rotate-key", {}, () => ({}))).status).toBe(401);
  });
});
