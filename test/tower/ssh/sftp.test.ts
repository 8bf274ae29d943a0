import { randomBytes } from "node:crypto";
import { chmod, chown, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createSsh } from "../../../src/tower/ssh/create-ssh.ts";
import { describeOpenSsh, startOpenSsh, type OpenSshServer } from "../../support/openssh.ts";

describeOpenSsh("files on OpenSSH", () => {
  let server: OpenSshServer;
  const ssh = createSsh();
  const at = (name: string) => join(server.dir, name);
  const put = (name: string, data: string | Buffer, options = {}) =>
    ssh.upload(server.target, at(name), Buffer.from(data), options);
  const get = (name: string, options = {}) => ssh.download(server.target, at(name), options);

  beforeAll(async () => {
    server = await startOpenSsh();
  });
  afterAll(async () => {
    await ssh.close();
    await server[Symbol.asyncDispose]();
  });

  it("come back as they were sent, of any size", async () => {
    for (const size of [0, 1, 32 * 1024, 300_001, 5_000_000]) {
      const bytes = randomBytes(size);
      await put("sizes.bin", bytes);
      expect((await get("sizes.bin")).equals(bytes)).toBe(true);
    }
  });

  it("can be sent piece by piece", async () => {
    const pieces = Array.from({ length: 50 }, (_, index) => randomBytes(index * 1000));
    async function* produce() {
      yield* pieces;
    }
    await ssh.upload(server.target, at("pieces.bin"), produce());
    expect((await readFile(at("pieces.bin"))).equals(Buffer.concat(pieces))).toBe(true);
  });

  it("are replaced in one step, and nothing is left beside them", async () => {
    const [old, young] = ["a", "b"].map((letter) => letter.repeat(3_000_000)) as [string, string];
    await put("step/file", old, { createDirectories: true });
    let isDone = false;
    const sending = put("step/file", young).finally(() => (isDone = true));
    const seen = new Set<string>();
    while (!isDone) seen.add(await readFile(at("step/file"), "utf8"));
    await sending;
    expect([old, young]).toEqual(expect.arrayContaining([...seen]));
    expect(await readFile(at("step/file"), "utf8")).toBe(young);
    expect(await readdir(at("step"))).toEqual(["file"]);
  });

  it("keep their permissions when they are replaced, or get those that are wanted", async () => {
    await put("mode", "1");
    await chmod(at("mode"), 0o750);
    await put("mode", "2");
    expect((await stat(at("mode"))).mode & 0o7777).toBe(0o750);
    await put("mode", "3", { mode: 0o600 });
    expect((await stat(at("mode"))).mode & 0o7777).toBe(0o600);
    await put("new-mode", "1", { mode: 0o666 });
    expect((await stat(at("new-mode"))).mode & 0o7777).toBe(0o666);
  });

  it.runIf(process.getuid?.() === 0)("keep their owner when they are replaced", async () => {
    await put("owned", "1");
    await chown(at("owned"), 12345, 23456);
    await put("owned", "2");
    expect(await stat(at("owned"))).toMatchObject({ uid: 12345, gid: 23456 });
    expect(await readFile(at("owned"), "utf8")).toBe("2");
  });

  it("behind a link are replaced, the link is not", async () => {
    await put("behind", "1");
    await symlink("behind", at("link"));
    await put("link", "2");
    expect((await lstat(at("link"))).isSymbolicLink()).toBe(true);
    expect(await readFile(at("behind"), "utf8")).toBe("2");
  });

  it("do not make directories unless asked", async () => {
    await expect(put("no/such/file", "x")).rejects.toMatchObject({ code: "not_found" });
    await put("no/such/file", "x", { createDirectories: true });
    expect(await readFile(at("no/such/file"), "utf8")).toBe("x");
    await expect(put("no/such/file/below", "x", { createDirectories: true })).rejects.toThrow("is not a directory");
  });

  it("that are missing are said to be", async () => {
    const path = at("missing");
    const missing = { code: "not_found", message: `The file ${path} not found.` };
    await expect(get("missing")).rejects.toMatchObject(missing);
    await expect(ssh.deleteFile(server.target, path)).rejects.toMatchObject(missing);
    expect(await ssh.findFile(server.target, path)).toBeNull();
  });

  it("are described and deleted", async () => {
    await writeFile(at("described"), "12345", { mode: 0o640 });
    expect(await ssh.findFile(server.target, at("described"))).toMatchObject({ size: 5, mode: 0o640, type: "file" });
    expect(await ssh.findFile(server.target, server.dir)).toMatchObject({ type: "directory" });
    await ssh.deleteFile(server.target, at("described"));
    expect(await ssh.findFile(server.target, at("described"))).toBeNull();
  });

  it("that are too large are refused, also when they do not say so", async () => {
    await put("large", "x".repeat(1001));
    await expect(get("large", { maxBytes: 1000 })).rejects.toMatchObject({ code: "too_large" });
    expect(await get("large", { maxBytes: 1001 })).toHaveLength(1001);
    await expect(ssh.download(server.target, "/dev/zero", { maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: "too_large",
    });
    expect((await ssh.download(server.target, "/proc/self/status")).toString()).toContain("Name:");
  });

  it("are not directories", async () => {
    await mkdir(at("directory"));
    await expect(get("directory")).rejects.toThrow("is a directory, not a file");
    await expect(put("directory", "x")).rejects.toThrow("is a directory, not a file");
  });

  it("that are devices are written to, not replaced", async () => {
    await ssh.upload(server.target, "/dev/null", Buffer.from("x"));
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  });

  it("whose sender stops leave nothing behind", async () => {
    await mkdir(at("stopped"));
    const stop = new AbortController();
    async function* produce() {
      yield randomBytes(100_000);
      setTimeout(() => stop.abort(), 50);
      await new Promise(() => undefined);
      yield randomBytes(1);
    }
    const sending = ssh.upload(server.target, at("stopped/file"), produce(), { signal: stop.signal });
    await expect(sending).rejects.toMatchObject({ code: "aborted" });
    expect(await readdir(at("stopped"))).toEqual([]);
  });

  it("whose sender fails leave the old one as it was", async () => {
    await put("kept", "old");
    async function* produce() {
      yield Buffer.from("half");
      throw new Error("no more");
    }
    await expect(ssh.upload(server.target, at("kept"), produce())).rejects.toThrow("no more");
    expect(await readFile(at("kept"), "utf8")).toBe("old");
  });

  it("fail when the connection is lost, and the next transfer is on a new one", async () => {
    const fifo = server.dir;
    async function* produce() {
      yield Buffer.from("x");
      server.killConnections();
      await new Promise(() => undefined);
    }
    await expect(ssh.upload(server.target, join(fifo, "lost"), produce())).rejects.toMatchObject({
      code: "connection_lost",
    });
    await rm(at("lost"), { force: true });
    await put("lost", "again");
    expect((await get("lost")).toString()).toBe("again");
  });

  it("have paths that make sense", async () => {
    await expect(ssh.download(server.target, "")).rejects.toMatchObject({ code: "invalid" });
    await expect(ssh.download(server.target, "/etc/x\0y")).rejects.toMatchObject({ code: "invalid" });
  });

  it("and commands are tried out by a test of the connection", async () => {
    const { uname } = await ssh.testConnection(server.target);
    expect(uname).toMatch(/^\w+ /);
    expect(await ssh.testConnection(server.target, { tryCommand: false, tryFile: false })).toEqual({ uname: null });
    expect((await readdir("/tmp")).filter((name) => name.startsWith("hooktower_test_connection"))).toEqual([]);
  });
});

describeOpenSsh("a server without SFTP", () => {
  it("says so", async () => {
    await using server = await startOpenSsh(["Subsystem other /bin/false"]);
    const ssh = createSsh();
    const moving = ssh.upload(server.target, join(server.dir, "x"), Buffer.from("x"));
    await expect(moving).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("does not offer") });
    await expect(ssh.testConnection(server.target, { tryCommand: false })).rejects.toMatchObject({ code: "refused" });
    await ssh.close();
  });
});
