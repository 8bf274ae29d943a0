import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { mapLimited } from "../src/lib/map-limited.ts";
import { createSsh } from "../src/tower/ssh/create-ssh.ts";
import type { SshTarget } from "../src/tower/ssh/ssh.ts";
import type { CallsOptions } from "./calls.ts";
import { findFreePort, residentMb, stop, waitUntil } from "./processes.ts";
import { create, PREFIX, read, startTower } from "./tower.ts";

/** Addresses of this machine that lead to one OpenSSH server, by a relay: itself it listens on 16 at most. */
const SERVERS = 200;
/** As many as the tower works on at once. */
const AT_ONCE = 16;

/**
 * One webhook call that runs a command on 200 servers, against the same commands over SSH alone. The connections
 * of a round before are kept by neither: each round has a process of its own.
 */
export async function measureServers({ dataDir, rounds, print }: CallsOptions): Promise<void> {
  const ssh = await startSshd(dataDir);
  const hosts = Array.from({ length: SERVERS }, (_, index) => `127.0.1.${index + 1}`);
  const relays = await Promise.all(hosts.map((host) => relay(host, ssh.target.port)));
  print(`one call runs a command on each of ${SERVERS} servers; ceiling: the same over SSH alone, ${AT_ONCE} at once`);
  for (let round = 0; round < rounds; round += 1) {
    const ceilingMs = await measureSshAlone(hosts.map((host) => ({ ...ssh.target, host })));
    const { tookMs, logged, beforeMb, mostMb } = await measureTower(hosts, ssh, join(dataDir, `round-${round}`));
    print(
      `${logged} of ${SERVERS} logged in ${tookMs.toFixed(0)} ms, ` +
        `${(tookMs / ceilingMs).toFixed(2)} of the ceiling's time (${ceilingMs.toFixed(0)} ms); ` +
        `${beforeMb.toFixed(0)} MB before, at most ${mostMb.toFixed(0)} MB`,
    );
  }
  for (const server of relays) server.close();
  ssh.process.kill();
}

interface Sshd {
  readonly process: ChildProcess;
  readonly target: SshTarget;
}

async function startSshd(directory: string): Promise<Sshd> {
  const file = (name: string) => join(directory, name);
  mkdirSync("/run/sshd", { recursive: true });
  for (const name of ["host_key", "user_key"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(name)]);
  const port = await findFreePort();
  const config = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${file("host_key")}`,
    `AuthorizedKeysFile ${file("user_key.pub")}`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin yes",
    "PidFile none",
    // Its own guard against many who sign in at once.
    "MaxStartups 1000",
    // The start files of whoever runs this could do anything, and take their time.
    `SetEnv HOME=${directory}`,
  ];
  writeFileSync(file("sshd_config"), `${config.join("\n")}\n`);
  const process = spawn("/usr/sbin/sshd", ["-D", "-f", file("sshd_config")], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  await waitUntil(() => isOpen(port));
  const target: SshTarget = {
    host: "127.0.0.1",
    port,
    username: userInfo().username,
    auth: { type: "privateKey", privateKey: readFileSync(file("user_key"), "utf8") },
    hostKey: { type: "expect", key: readFileSync(file("host_key.pub"), "utf8").split(" ")[1] ?? "" },
  };
  return { process, target };
}

async function relay(host: string, port: number): Promise<Server> {
  const server = createServer((from) => {
    const to = connect(port, "127.0.0.1");
    // One side that is gone takes the other with it.
    pipeline(from, to, () => from.destroy());
    pipeline(to, from, () => to.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(port, host, resolve));
  return server;
}

function isOpen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

async function measureSshAlone(targets: readonly SshTarget[]): Promise<number> {
  const ssh = createSsh();
  const startedAt = performance.now();
  await mapLimited(targets, AT_ONCE, (target) => ssh.runCommand(target, { code: "echo hello" }));
  const tookMs = performance.now() - startedAt;
  await ssh.close();
  return tookMs;
}

async function measureTower(hosts: readonly string[], { target }: Sshd, dataDir: string) {
  const port = await findFreePort();
  const tower = await startTower(port, dataDir, { HOOKTOWER_PYTHON_RUNNERS: "1", HOOKTOWER_WALL_LIMIT_MS: "120000" });
  if (target.auth.type !== "privateKey" || target.hostKey.type !== "expect") throw new Error("a key was expected");
  await create(port, "keys", { name: "k", reference: "k", key_type: "k", secret_value: target.auth.privateKey });
  for (const host of hosts)
    await create(port, "servers", {
      name: host,
      ip_v4_address: host,
      ssh_port: target.port,
      ssh_username: target.username,
      ssh_auth_mode: "k",
      ssh_key_id: "k",
      host_key: target.hostKey.key,
    });
  await create(port, "commands", { name: "hello", reference: "hello", code: "echo hello" });
  await create(port, "webhook-authenticators", { name: "open", code: 'result["allowed"] = True' });
  await create(port, "webhooks", {
    name: "all",
    endpoint: "bench/all",
    authenticator_id: "open",
    code: 'tower_servers.search([]).run_command(tower_commands.get_by_reference("hello"))',
  });
  const beforeMb = await residentMb(tower);
  let mostMb = beforeMb;
  const watch = setInterval(() => void residentMb(tower).then((mb) => (mostMb = Math.max(mostMb, mb))), 100);
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}${PREFIX}bench/all`, { method: "POST", body: "{}" });
  const tookMs = performance.now() - startedAt;
  clearInterval(watch);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  const { items } = await read<{ items: { command_status: number }[] }>(port, "command-logs?limit=500");
  await stop(tower);
  return { tookMs, logged: items.filter((log) => log.command_status === 0).length, beforeMb, mostMb };
}
