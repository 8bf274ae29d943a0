import { createHash } from "node:crypto";
import ssh2 from "ssh2";
import { afterAll, describe, expect, it } from "vitest";
import { createSsh } from "../../../src/tower/ssh/create-ssh.ts";
import { exitCodeOf, SshError } from "../../../src/tower/ssh/errors.ts";
import type { SshTarget } from "../../../src/tower/ssh/ssh.ts";
import { makeKeyPair, startRawServer, startSsh2Server } from "../../support/ssh2-server.ts";

const ssh = createSsh();
afterAll(() => ssh.close());

const say = (target: SshTarget) => ssh.exec(target, { lines: ["echo hello"] });
const fingerprintOf = (base64: string) =>
  `SHA256:${createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replaceAll("=", "")}`;

describe("a server's key", () => {
  it("that is the stored one lets a command run", async () => {
    await using server = await startSsh2Server();
    expect(await say(server.target)).toMatchObject({ status: 0, stdout: "hello\n" });
  });

  it("that is another one is refused before anything is said", async () => {
    await using server = await startSsh2Server();
    await using other = await startSsh2Server();
    const target: SshTarget = { ...server.target, hostKey: { type: "expect", key: other.hostKey } };
    const error: unknown = await say(target).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "host_key_mismatch" });
    expect(String(error)).toContain(`Host key mismatch for 127.0.0.1:${server.port}`);
    expect(String(error)).toContain(fingerprintOf(server.hostKey));
    expect(String(error)).toContain(fingerprintOf(other.hostKey));
    expect(server.attempts).toEqual([]);
  });

  it("that nobody has stored is refused, and shown", async () => {
    await using server = await startSsh2Server();
    for (const key of [null, "", " "]) {
      const error: unknown = await say({ ...server.target, hostKey: { type: "expect", key } }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: "host_key_unknown" });
      expect(String(error)).toContain(fingerprintOf(server.hostKey));
      expect(exitCodeOf(error)).toBe(503);
    }
    expect(server.attempts).toEqual([]);
  });

  it("is not looked at where that is wanted", async () => {
    await using server = await startSsh2Server();
    expect(await say({ ...server.target, hostKey: { type: "skip" } })).toMatchObject({ stdout: "hello\n" });
  });

  it("can be read without signing in, to be trusted from then on", async () => {
    await using server = await startSsh2Server();
    const key = await ssh.readHostKey("127.0.0.1", server.port);
    expect(key).toEqual({
      type: "ssh-ed25519",
      base64: server.hostKey,
      fingerprint: fingerprintOf(server.hostKey),
    });
    expect(server.attempts).toEqual([]);
    expect(await say({ ...server.target, hostKey: { type: "expect", key: key.base64 } })).toMatchObject({ status: 0 });
  });

  it("is asked for by the type that is stored", async () => {
    await using server = await startSsh2Server({ hostKeyTypes: ["rsa", "ed25519"] });
    expect((await ssh.readHostKey("127.0.0.1", server.port)).type).toBe("ssh-ed25519");
    expect(await say(server.target)).toMatchObject({ stdout: "hello\n" });
  });
});

describe("signing in", () => {
  const refused = { code: "auth_failed", message: expect.stringContaining("did not let deploy sign in") };

  it("fails with a wrong password, which is not in the error", async () => {
    await using server = await startSsh2Server();
    const error: unknown = await say({ ...server.target, auth: { type: "password", password: "swordfish" } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject(refused);
    expect(JSON.stringify(error) + String(error) + String((error as Error).stack)).not.toContain("swordfish");
    expect(exitCodeOf(error)).toBe(-100);
  });

  it("fails once when many wait: an account is not locked by us", async () => {
    await using server = await startSsh2Server();
    const target: SshTarget = { ...server.target, auth: { type: "password", password: "swordfish" } };
    const errors = await Promise.all(Array.from({ length: 40 }, () => say(target).catch((error: unknown) => error)));
    expect(errors).toEqual(errors.map(() => expect.objectContaining(refused)));
    expect(server.attempts).toEqual(["password"]);
  });

  it("answers the one question for a password, and no other", async () => {
    const asked: string[][] = [];
    const ask = (prompts: Array<{ prompt: string; echo: boolean }>) =>
      startSsh2Server({
        authenticate(context) {
          if (context.method !== "keyboard-interactive") {
            context.reject(["keyboard-interactive"]);
            return;
          }
          context.prompt(prompts, (answers) => {
            asked.push(answers);
            if (answers[0] === "right horse") context.accept();
            else context.reject();
          });
        },
      });
    await using server = await ask([{ prompt: "Password: ", echo: false }]);
    expect(await say(server.target)).toMatchObject({ stdout: "hello\n" });
    await using other = await ask([
      { prompt: "Password: ", echo: false },
      { prompt: "Code: ", echo: true },
    ]);
    await expect(say(other.target)).rejects.toMatchObject({ code: "auth_failed" });
    expect(asked[0]).toEqual(["right horse"]);
    expect(asked.slice(1).flat().join("")).toBe("");
  });

  it("with a second proof is not supported", async () => {
    await using server = await startSsh2Server({
      authenticate: (context) => context.reject(["keyboard-interactive"], true),
    });
    const key = makeKeyPair();
    const target: SshTarget = { ...server.target, auth: { type: "privateKey", privateKey: key.private } };
    await expect(say(target)).rejects.toMatchObject({
      code: "auth_failed",
      message: expect.stringContaining("second proof"),
    });
  });

  it.each([
    ["Ed25519", makeKeyPair()],
    ["RSA", ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 })],
    ["encrypted", makeKeyPair({ cipher: "aes256-ctr", rounds: 2, passphrase: "open" })],
  ])("works with a key: %s", async (_, key) => {
    await using server = await startSsh2Server({
      authenticate(context) {
        const isRight =
          context.method === "publickey" && context.key.data.toString("base64") === key.public.split(" ")[1];
        if (isRight) context.accept();
        else context.reject(["publickey"]);
      },
    });
    const auth = { type: "privateKey", privateKey: key.private, passphrase: "open" } as const;
    expect(await say({ ...server.target, auth })).toMatchObject({ stdout: "hello\n" });
    const other = { type: "privateKey", privateKey: makeKeyPair().private } as const;
    await expect(say({ ...server.target, auth: other })).rejects.toMatchObject(refused);
    const wrong = { type: "privateKey", privateKey: key.public } as const;
    await expect(say({ ...server.target, auth: wrong })).rejects.toMatchObject({ code: "bad_key" });
  });
});

describe("a server that is not there, or not well", () => {
  const targetAt = (port: number, more: Partial<SshTarget> = {}): SshTarget => ({
    host: "127.0.0.1",
    port,
    username: "deploy",
    auth: { type: "password", password: "x" },
    hostKey: { type: "skip" },
    connectTimeoutMs: 300,
    ...more,
  });

  it("is said to refuse connections", async () => {
    const server = await startRawServer(() => undefined);
    await server[Symbol.asyncDispose]();
    await expect(say(targetAt(server.port))).rejects.toMatchObject({
      code: "connect_failed",
      message: `127.0.0.1:${server.port} refused the connection: does an SSH server run there, on this port?`,
    });
  });

  it("is said to have no such name", async () => {
    const target = targetAt(22, { host: "no-such-host.invalid", connectTimeoutMs: 15_000 });
    await expect(say(target)).rejects.toMatchObject({ code: "connect_failed" });
  });

  it("that never says a word is given up", async () => {
    await using server = await startRawServer(() => undefined);
    const error = {
      code: "timeout",
      message: expect.stringContaining("did not finish the SSH handshake within 0.3 s"),
    };
    await expect(say(targetAt(server.port))).rejects.toMatchObject(error);
    await expect(ssh.readHostKey("127.0.0.1", server.port, { timeoutMs: 300 })).rejects.toMatchObject(error);
  });

  it("that speaks slowly is waited for", async () => {
    await using real = await startSsh2Server();
    const { connect } = await import("node:net");
    await using server = await startRawServer((socket) => {
      setTimeout(() => {
        const upstream = connect(real.port, "127.0.0.1");
        upstream.on("error", () => socket.destroy());
        socket.pipe(upstream).pipe(socket);
      }, 500);
    });
    expect(await say({ ...real.target, port: server.port, connectTimeoutMs: 10_000 })).toMatchObject({ status: 0 });
  });

  it("that is no SSH server is said to be none", async () => {
    await using server = await startRawServer((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await expect(say(targetAt(server.port, { connectTimeoutMs: 5000 }))).rejects.toMatchObject({
      code: "connect_failed",
    });
  });

  it("that closes at once is said to do so", async () => {
    await using server = await startRawServer((socket) => void socket.end());
    await expect(say(targetAt(server.port, { connectTimeoutMs: 5000 }))).rejects.toMatchObject({
      code: "connect_failed",
      message: expect.stringContaining("closed the connection before the SSH handshake was done"),
    });
  });

  it("that does not start a command is given up in time", async () => {
    await using server = await startSsh2Server({ run: () => undefined });
    const running = ssh.exec(server.target, { lines: ["x"], timeoutMs: 500 });
    await expect(running).rejects.toMatchObject({
      code: "timeout",
      message: expect.stringContaining("it may still be running on the server"),
    });
  });

  it("is always described by an SshError", async () => {
    const error: unknown = await say(targetAt(1, { host: "" })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SshError);
  });
});

describe("commands on another server than OpenSSH", () => {
  it("give output, status and signal, and read their input", async () => {
    await using server = await startSsh2Server();
    const { target } = server;
    expect(await ssh.exec(target, { lines: ["cat; echo err >&2; exit 3"], stdin: "in" })).toMatchObject({
      status: 3,
      stdout: "in",
      stderr: "err\n",
    });
    expect(await ssh.exec(target, { lines: ["kill -KILL $$"] })).toMatchObject({ status: 137, signal: "KILL" });
  });

  it("share connections, and outlive the loss of one that is idle", async () => {
    await using server = await startSsh2Server();
    const results = await Promise.all(Array.from({ length: 50 }, () => say(server.target)));
    expect(results.map(({ stdout }) => stdout)).toEqual(results.map(() => "hello\n"));
    expect(server.connections.size).toBeLessThanOrEqual(4);
    for (const connection of server.connections) connection.end();
    expect(await say(server.target)).toMatchObject({ stdout: "hello\n" });
  });

  it("go on while the keys of the connection are changed", async () => {
    await using server = await startSsh2Server();
    const size = 4_000_000;
    const running = ssh.exec(server.target, {
      lines: [`head -c ${size} /dev/zero | tr '\\0' x`],
      maxOutputBytes: size,
    });
    const timer = setInterval(() => server.connections.forEach((connection) => connection.rekey()), 5);
    const { stdout } = await running.finally(() => clearInterval(timer));
    expect(stdout).toHaveLength(size);
  });
});
