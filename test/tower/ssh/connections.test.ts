import { afterEach, expect, it, vi } from "vitest";
import { createSsh } from "../../../src/tower/ssh/create-ssh.ts";
import type { Ssh, SshOptions } from "../../../src/tower/ssh/ssh.ts";
import { describeOpenSsh, startOpenSsh } from "../../support/openssh.ts";

const open: Ssh[] = [];

function createTestSsh(options: SshOptions = {}): Ssh {
  const ssh = createSsh(options);
  open.push(ssh);
  return ssh;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((ssh) => ssh.close()));
});

describeOpenSsh("connections to OpenSSH", () => {
  it("are few, however many commands are run at once", async () => {
    await using server = await startOpenSsh();
    const ssh = createTestSsh({ maxConnectionsPerTarget: 3 });
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, server.connectionCount())), 20);
    const results = await Promise.all(
      Array.from({ length: 200 }, async (_, number) => {
        const { stdout } = await ssh.exec(server.target, { lines: [`echo ${number}`] });
        return stdout === `${number}\n`;
      }),
    );
    clearInterval(watch);
    expect(results).toEqual(results.map(() => true));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
  });

  it("are used again, and closed when nobody has used them for a while", async () => {
    await using server = await startOpenSsh();
    const ssh = createTestSsh({ idleTimeoutMs: 300 });
    const ask = async () => (await ssh.exec(server.target, { lines: ["echo $PPID"] })).stdout;
    expect(await ask()).toBe(await ask());
    expect(server.connectionCount()).toBe(1);
    await vi.waitFor(() => expect(server.connectionCount()).toBe(0), { timeout: 10_000 });
    await ask();
  });

  it("are not shared by targets that differ in anything", async () => {
    await using server = await startOpenSsh();
    const ssh = createTestSsh();
    await ssh.exec(server.target, { lines: ["true"] });
    const other = { ...server.target, hostKey: { type: "skip" } } as const;
    await ssh.exec(other, { lines: ["true"] });
    expect(server.connectionCount()).toBe(2);
    const wrong = { ...server.target, auth: { type: "password", password: "wrong" } } as const;
    await expect(ssh.exec(wrong, { lines: ["true"] })).rejects.toMatchObject({ code: "auth_failed" });
  });

  it("that were lost are opened again", async () => {
    await using server = await startOpenSsh();
    const ssh = createTestSsh();
    for (let round = 0; round < 5; round += 1) {
      expect((await ssh.exec(server.target, { lines: ["echo x"] })).stdout).toBe("x\n");
      // No time to notice: the next command finds a connection that looks alive.
      expect(server.killConnections()).toBe(1);
    }
  });

  it("take as many sessions as the server allows", async () => {
    await using server = await startOpenSsh(["MaxSessions 2"]);
    const ssh = createTestSsh({ maxConnectionsPerTarget: 2 });
    const results = await Promise.all(
      Array.from({ length: 12 }, () => ssh.exec(server.target, { lines: ["sleep 0.1; echo x"] })),
    );
    expect(results.map(({ stdout }) => stdout)).toEqual(results.map(() => "x\n"));
  });

  it("that the server refuses beyond the first are done without", async () => {
    await using server = await startOpenSsh(["PerSourceMaxStartups 1"]);
    const ssh = createTestSsh({ maxConnectionsPerTarget: 10 });
    // The connection that found the server ready counts until the server has noticed its end.
    await vi.waitFor(() => ssh.exec(server.target, { lines: ["true"] }), { timeout: 10_000 });
    const results = await Promise.all(Array.from({ length: 60 }, () => ssh.exec(server.target, { lines: ["echo x"] })));
    expect(results.map(({ stdout }) => stdout)).toEqual(results.map(() => "x\n"));
  });

  it("are given to targets in turn when there are not enough", async () => {
    await using first = await startOpenSsh();
    await using second = await startOpenSsh();
    const ssh = createTestSsh({ maxConnections: 1 });
    // The first is never without work; the second must get its turn all the same.
    let isOver = false;
    let count = 0;
    const busy = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!isOver) {
          await ssh.exec(first.target, { lines: ["sleep 0.02"] });
          count += 1;
        }
      }),
    );
    await vi.waitFor(() => expect(count).toBeGreaterThan(4), { timeout: 10_000 });
    expect((await ssh.exec(second.target, { lines: ["echo mine"] })).stdout).toBe("mine\n");
    const before = count;
    await vi.waitFor(() => expect(count).toBeGreaterThan(before + 4), { timeout: 10_000 });
    isOver = true;
    await busy;
  });

  it("are waited for no longer than the caller wants", async () => {
    await using server = await startOpenSsh();
    const ssh = createTestSsh({ maxConnectionsPerTarget: 1, maxSessionsPerConnection: 1 });
    const stop = new AbortController();
    const running = ssh.exec(server.target, { lines: ["sleep 1000"], signal: stop.signal });
    running.catch(() => undefined);
    await vi.waitFor(() => expect(server.connectionCount()).toBe(1), { timeout: 10_000 });
    await expect(ssh.exec(server.target, { lines: ["true"], timeoutMs: 100 })).rejects.toMatchObject({
      code: "timeout",
      message: `No connection to 127.0.0.1:${server.port} was there in time`,
    });
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "aborted" });
    expect((await ssh.exec(server.target, { lines: ["echo x"] })).stdout).toBe("x\n");
  });

  it("end when all is closed, and none is opened after that", async () => {
    await using server = await startOpenSsh();
    const ssh = createTestSsh({ maxConnectionsPerTarget: 1, maxSessionsPerConnection: 1 });
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const calls = [
      ssh.exec(server.target, { lines: ["echo x; sleep 5"], onOutput: () => begin() }),
      ssh.exec(server.target, { lines: ["true"] }),
    ].map((call) => call.catch((error: unknown) => error));
    await begun;
    await ssh.close();
    expect(await Promise.all(calls)).toMatchObject([{ code: "connection_lost" }, { code: "closed" }]);
    await expect(ssh.exec(server.target, { lines: ["true"] })).rejects.toMatchObject({ code: "closed" });
    await vi.waitFor(() => expect(server.connectionCount()).toBe(0), { timeout: 10_000 });
  });
});
