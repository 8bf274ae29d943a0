import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SshTarget } from "../../src/tower/ssh/ssh.ts";
import { makeKeyPair } from "./ssh2-server.ts";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path));
const IS_ROOT = process.getuid?.() === 0;
const NOT_ROOT = "only root can make users";

/** An OpenSSH server with throw-away keys, which lets the user of this process in. */
export interface OpenSshServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The user of this process, with a key. */
  readonly target: SshTarget;
  readonly privateKey: string;
  /** Base64 of the host keys, by type. */
  readonly hostKeys: Readonly<Record<"ssh-ed25519" | "ecdsa-sha2-nistp256" | "ssh-rsa", string>>;
  /** An empty directory for files of the test. */
  readonly dir: string;
  /** Lets another user in with the key of `target`. */
  targetFor(username: string): SshTarget;
  /** Ends the connections at once, as a crash does. @returns how many there were */
  killConnections(): number;
  connectionCount(): number;
}

/** Runs the tests where OpenSSH's server is installed. Where it is not, they are skipped; with CI set they fail. */
export function describeOpenSsh(name: string, body: () => void): void {
  describeWhere(SSHD === undefined ? "no sshd is installed" : null, name, body);
}

/** The same, for tests that need users of their own, with sudo: as root, and only where that is wanted. */
export function describeOpenSshUsers(name: string, body: () => void): void {
  describeWhere(findUsersProblem(), name, body);
}

function findUsersProblem(): string | null {
  if (SSHD === undefined) return "no sshd is installed";
  if (!IS_ROOT) return NOT_ROOT;
  if (!process.env["CI"] && !process.env["HOOKTOWER_TEST_USERS"])
    return "HOOKTOWER_TEST_USERS does not allow to make users";
  return existsSync("/usr/bin/sudo") ? null : "no sudo is installed";
}

function describeWhere(problem: string | null, name: string, body: () => void): void {
  if (problem === null) describe(`${name} (sshd)`, body);
  else if (process.env["CI"] && problem !== NOT_ROOT) it(`${name} can be tested`, () => expect.fail(problem));
  else describe.skip(`${name} (skipped: ${problem})`, body);
}

/**
 * @param settings further lines of sshd_config
 * @param environment of those who sign in, as NAME=VALUE
 */
export async function startOpenSsh(
  settings: readonly string[] = [],
  environment: readonly string[] = [],
): Promise<OpenSshServer> {
  const dir = await mkdtemp(join(tmpdir(), "hooktower-test-"));
  const port = await findFreePort();
  const hostKeys = {
    "ssh-ed25519": makeHostKey(dir, "ed25519"),
    "ecdsa-sha2-nistp256": makeHostKey(dir, "ecdsa"),
    "ssh-rsa": makeHostKey(dir, "rsa"),
  };
  const user = makeKeyPair();
  writeFileSync(join(dir, "authorized_keys"), `${user.public}\n`);
  // sshd wants the directory, and the init system that would make it may not have run.
  if (IS_ROOT) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const work = join(dir, "work");
  mkdirSync(work);
  const config = [
    `ListenAddress 127.0.0.1:${port}`,
    ...["ed25519", "ecdsa", "rsa"].map((type) => `HostKey ${join(dir, type)}`),
    `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin yes",
    "PidFile none",
    "LogLevel ERROR",
    // The start files of whoever runs the tests could do anything, and take their time.
    // sshd takes one such line only.
    ["SetEnv", `HOME=${work}`, ...environment].join(" "),
    ...settings,
    ...(settings.some((line) => line.startsWith("Subsystem")) ? [] : ["Subsystem sftp internal-sftp"]),
  ];
  writeFileSync(join(dir, "sshd_config"), `${config.join("\n")}\n`);
  const server = spawn(SSHD ?? "sshd", ["-D", "-e", "-f", join(dir, "sshd_config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await untilListening(server, port);

  const targetFor = (username: string): SshTarget => ({
    host: "127.0.0.1",
    port,
    username,
    auth: { type: "privateKey", privateKey: user.private },
    hostKey: { type: "expect", key: hostKeys["ssh-ed25519"] },
  });
  const connections = () => findChildren(server.pid ?? 0);

  return {
    host: "127.0.0.1",
    port,
    target: targetFor(userInfo().username),
    privateKey: user.private,
    hostKeys,
    dir: work,
    targetFor,
    killConnections() {
      const found = connections();
      for (const pid of found) process.kill(pid, "SIGKILL");
      return found.length;
    },
    connectionCount: () => connections().length,
    async [Symbol.asyncDispose]() {
      for (const pid of connections()) tryKill(pid);
      server.kill("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface TestUser extends AsyncDisposable {
  readonly name: string;
  readonly password: string;
}

/** A user that can sign in. @param sudo a rule for sudoers after the user's name, "ALL=(ALL) NOPASSWD: ALL" */
export function createTestUser(sudo?: string): TestUser {
  const name = `hooktower-test-${randomBytes(4).toString("hex")}`;
  const password = randomBytes(9).toString("base64url");
  const rule = `/etc/sudoers.d/${name}`;
  execFileSync("useradd", ["--create-home", "--shell", "/bin/bash", name]);
  execFileSync("chpasswd", { input: `${name}:${password}\n` });
  if (sudo !== undefined) writeFileSync(rule, `${name} ${sudo}\n`, { mode: 0o440 });
  return {
    name,
    password,
    async [Symbol.asyncDispose]() {
      await rm(rule, { force: true });
      const uid = execFileSync("id", ["-u", name], { encoding: "utf8" }).trim();
      for (const pid of listProcesses()) if (readUid(pid) === uid) tryKill(pid);
      execFileSync("userdel", ["--remove", "--force", name], { stdio: "ignore" });
    },
  };
}

/** Processes whose command line has the text, on this machine. */
export function findProcesses(text: string): number[] {
  return listProcesses().filter((pid) => {
    const line = tryRead(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
    return pid !== process.pid && line.includes(text);
  });
}

function makeHostKey(dir: string, type: string): string {
  execFileSync("ssh-keygen", [
    "-q",
    "-t",
    type,
    ...(type === "rsa" ? ["-b", "2048"] : []),
    "-N",
    "",
    "-C",
    "",
    "-f",
    join(dir, type),
  ]);
  return (
    readFileSync(join(dir, `${type}.pub`), "utf8")
      .split(" ")[1]
      ?.trim() ?? ""
  );
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilListening(server: ChildProcess, port: number): Promise<void> {
  let said = "";
  server.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (server.exitCode !== null) break;
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd does not listen: ${said}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function listProcesses(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function findChildren(parent: number): number[] {
  return listProcesses().filter((pid) => {
    const stat = tryRead(`/proc/${pid}/stat`);
    // pid (comm) state ppid: comm may hold spaces and brackets. A zombie is no connection.
    const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(ppid) === parent && state !== "Z";
  });
}

function readUid(pid: number): string {
  return /^Uid:\s+(\d+)/m.exec(tryRead(`/proc/${pid}/status`))?.[1] ?? "";
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
