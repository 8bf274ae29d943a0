import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createSsh } from "../../../src/tower/ssh/create-ssh.ts";
import { exitCodeOf } from "../../../src/tower/ssh/errors.ts";
import type { RunCommandRequest, SshTarget } from "../../../src/tower/ssh/ssh.ts";
import {
  createTestUser,
  describeOpenSshUsers,
  findProcesses,
  startOpenSsh,
  type OpenSshServer,
  type TestUser,
} from "../../support/openssh.ts";

const WAIT = { timeout: 10_000 };

describeOpenSshUsers("users other than root", () => {
  let server: OpenSshServer;
  let plain: TestUser;
  let withPassword: TestUser;
  let withoutPassword: TestUser;
  const ssh = createSsh();

  beforeAll(async () => {
    server = await startOpenSsh();
    await chmod(server.dir, 0o777);
    await chmod(join(server.dir, ".."), 0o755);
    plain = createTestUser();
    withPassword = createTestUser("ALL=(ALL) ALL");
    withoutPassword = createTestUser("ALL=(ALL) NOPASSWD: ALL");
  });
  afterAll(async () => {
    await ssh.close();
    await server[Symbol.asyncDispose]();
    for (const user of [plain, withPassword, withoutPassword]) await user[Symbol.asyncDispose]();
  });

  const targetOf = ({ name, password }: TestUser): SshTarget => ({
    ...server.targetFor(name),
    auth: { type: "password", password },
  });

  it("sign in with a password or a key", async () => {
    expect(await ssh.exec(targetOf(plain), { lines: ["whoami"] })).toMatchObject({ stdout: `${plain.name}\n` });
    expect(await ssh.exec(server.targetFor(plain.name), { lines: ["whoami"] })).toMatchObject({ status: 0 });
    const wrong = { ...targetOf(plain), auth: { type: "password", password: "wrong" } } as const;
    await expect(ssh.exec(wrong, { lines: ["whoami"] })).rejects.toMatchObject({ code: "auth_failed" });
  });

  it("pass a test of the connection", async () => {
    expect((await ssh.testConnection(targetOf(plain))).uname).toContain("Linux");
  });

  describe("with sudo", () => {
    const run = (user: TestUser, code: string, more: Partial<RunCommandRequest> = {}) =>
      ssh.runCommand(targetOf(user), {
        code,
        sudo: user === withPassword ? "p" : "n",
        ...(user === withPassword && { sudoPassword: user.password }),
        ...more,
      });

    it("are root, with a password or without", async () => {
      expect(await run(withPassword, "whoami")).toMatchObject({ status: 0, stdout: "root\n", stderr: "" });
      expect(await run(withoutPassword, "whoami")).toMatchObject({ status: 0, stdout: "root\n", stderr: "" });
    });

    it("are in the directory of the command, both ways", async () => {
      for (const user of [withPassword, withoutPassword]) {
        expect(await run(user, "pwd && whoami", { path: "/usr/bin" })).toMatchObject({ stdout: "/usr/bin\nroot\n" });
      }
      expect(await run(withPassword, "pwd", { path: "/no/such" })).toMatchObject({ status: 1, stdout: "" });
    });

    it("stop at the first part that fails, both ways", async () => {
      for (const user of [withPassword, withoutPassword]) {
        expect(await run(user, "echo a && ls /no/such && echo b")).toMatchObject({ status: 2, stdout: "a\n" });
      }
    });

    it("are told when the password is wrong, or missing", async () => {
      const wrong = run(withPassword, "whoami", { sudoPassword: "swordfish" });
      await expect(wrong).rejects.toMatchObject({
        code: "sudo_password_wrong",
        message: `sudo on 127.0.0.1:${server.port} does not accept the password of ${withPassword.name}`,
      });
      const error: unknown = await run(withPassword, "whoami", { sudoPassword: "" }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "sudo_password_missing", message: "Sudo password not provided!" });
      expect(exitCodeOf(error)).toBe(255);
    });

    it("have their password in no list of processes", async () => {
      const { stdout } = await run(withPassword, "ps -eo args");
      expect(stdout).toContain("sudo -S -p");
      expect(stdout).not.toContain(withPassword.password);
    });

    it.each([
      ["with a password", () => withPassword],
      ["without a password", () => withoutPassword],
    ])("have their processes ended: %s", async (_, userOf) => {
      const mark = String(1000 + Math.random());
      const stop = new AbortController();
      const running = run(userOf(), `sh -c 'sleep ${mark} | cat; true'`, { signal: stop.signal });
      const failure = expect(running).rejects.toMatchObject({ code: "aborted", message: "Command stopped" });
      await vi.waitFor(() => expect(findProcesses(`sleep ${mark}`)).not.toEqual([]), WAIT);
      stop.abort();
      await failure;
      await vi.waitFor(() => expect(findProcesses(`sleep ${mark}`)).toEqual([]), WAIT);
    });
  });

  it.each([
    ["a process", (mark: string) => `sleep ${mark}`],
    ["a pipeline", (mark: string) => `sleep ${mark} | sleep ${mark} | cat`],
  ])("have their processes ended without sudo: %s", async (_, makeLine) => {
    const mark = String(1000 + Math.random());
    const stop = new AbortController();
    const running = ssh.exec(targetOf(plain), { lines: [makeLine(mark)], signal: stop.signal });
    const failure = expect(running).rejects.toMatchObject({ code: "aborted", message: "Command stopped" });
    await vi.waitFor(() => expect(findProcesses(`sleep ${mark}`)).not.toEqual([]), WAIT);
    stop.abort();
    await failure;
    await vi.waitFor(() => expect(findProcesses(`sleep ${mark}`)).toEqual([]), WAIT);
  });

  it("send what they may send, and are told what they may not", async () => {
    const dir = join(server.dir, "guarded");
    await mkdir(dir);
    const file = join(dir, "theirs");
    await writeFile(file, "old, and longer");
    const uid = Number((await ssh.exec(targetOf(plain), { lines: ["id -u"] })).stdout);
    await chown(file, uid, 0);
    // The directory takes no new file, so the old one is written over.
    await ssh.upload(targetOf(plain), file, Buffer.from("new"));
    expect(await readFile(file, "utf8")).toBe("new");
    await expect(ssh.upload(targetOf(plain), join(dir, "other"), Buffer.from("x"))).rejects.toMatchObject({
      code: "file_failed",
      message: expect.stringContaining(`${plain.name} on 127.0.0.1:${server.port} has no right to`),
    });

    // One that belongs to somebody else, in a directory for all: its owner stays.
    const shared = join(server.dir, "shared");
    await writeFile(shared, "old");
    await chmod(shared, 0o666);
    await ssh.upload(targetOf(plain), shared, Buffer.from("new"));
    expect(await readFile(shared, "utf8")).toBe("new");
    expect((await stat(shared)).uid).toBe(0);
  });
});
