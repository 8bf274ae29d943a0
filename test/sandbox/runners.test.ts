import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createSandbox } from "../../src/sandbox/create-sandbox.ts";
import { ASK, CACHE_DIR, openSandbox, prepare, until } from "./support.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe("runners", () => {
  it("share the work", async () => {
    await using test = await openSandbox({ runners: 2 });
    await until("both are up", () => childrenOf(process.pid).length >= 2);
    const startedAt = performance.now();
    const busy = "x = 0\nwhile x < 2000000: x += 1";
    await Promise.all([test.run(busy), test.run(busy)]);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(test.sandbox.status()).toMatchObject({ ready: true, runners: 2, running: 0, restarts: 0 });
  });

  it("that are killed are replaced, and what ran there runs again", async () => {
    await using test = await openSandbox();
    const running = test.read("time.sleep(0.5)\nresult['message'] = 'ran again'");
    const [pid] = childrenOf(process.pid);
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(pid as number, "SIGKILL");
    expect(await running).toBe("ran again");
    expect(test.sandbox.status().restarts).toBe(1);
  });

  it("outlive runs that wait beside each other with many objects", async () => {
    await using test = await openSandbox();
    const source =
      "def f(n):\n  x = [[i] for i in range(500)]\n  time.sleep(0.002)\n  if n: f(n - 1)\n  return x\nf(5)\nsorted([2, 1], key=lambda n: f(1)[0])";
    let left = 100;
    const one = async () => {
      for (; left > 0; left -= 1) expect(await test.run(source)).toMatchObject({ status: "completed" });
    };
    await Promise.all([one(), one(), one(), one(), one()]);
    expect(test.sandbox.status().restarts).toBe(0);
    expect(test.logged).toEqual([]);
  });

  it("are not run into twice by the same program", async () => {
    await using test = await openSandbox();
    // Deep enough for the interpreter itself to fail.
    const outcome = await test.run("a = []\nfor _ in range(3000000): a = [a]\nresult['message'] = repr(a)", {
      limits: { cpuMs: 20_000 },
    });
    expect(["lost", "limit", "raised"]).toContain(outcome.status);
    expect(test.sandbox.status().restarts).toBeLessThanOrEqual(1);
    expect(await test.read("result['message'] = 'next'")).toBe("next");
  });

  it("keep a thousand programs and ask again for others", async () => {
    await using test = await openSandbox();
    const source = (n: number) => `result['message'] = ${n}`;
    await Promise.all(Array.from({ length: 1100 }, (_, n) => test.read(source(n), { limits: { cpuMs: 10_000 } })));
    expect(await test.read(source(0))).toBe(0);
    expect(await test.read(source(1099))).toBe(1099);
  });

  it("let programs end when the sandbox closes, and end those that do not", async () => {
    const test = await openSandbox();
    const quick = test.read("time.sleep(0.2)\nresult['message'] = 'ended'");
    const slow = test.run("time.sleep(20)");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closing = test.sandbox.close(800);
    expect(await test.run("pass")).toMatchObject({ status: "busy", retryAfterSeconds: expect.any(Number) });
    expect(await quick).toBe("ended");
    expect(await slow).toMatchObject({ status: "lost" });
    await closing;
    expect(test.sandbox.status()).toMatchObject({ ready: false, runners: 0, running: 0 });
  });

  it("leave no process behind when the host is killed", async () => {
    const script = `
      import { createSandbox } from ${JSON.stringify(new URL("../../src/sandbox/create-sandbox.ts", import.meta.url).href)};
      const quiet = { info() {}, warn() {}, error() {} };
      const sandbox = createSandbox({ runners: 1, cacheDir: ${JSON.stringify(CACHE_DIR)}, logger: quiet });
      const program = sandbox.prepare({ language: "python", name: "x", source: "time.sleep(60)", defaultResult: {}, readings: {} });
      setInterval(() => sandbox.status().ready && process.stdout.write("ready"), 50);
      void sandbox.run({ program, inputs: {}, secrets: new Map() });`;
    const host = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => host.stdout.once("data", resolve));
    const runners = childrenOf(host.pid as number);
    expect(runners).toHaveLength(1);
    host.kill("SIGKILL");
    await until("the runner has ended", () => !isAlive(runners[0] as number), 5_000);
  });
});

describe("starting", () => {
  it("builds the snapshot once, notices a torn one, and leaves nothing else behind", async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), "hooktower-cache-"));
    try {
      for (const damage of ["none", "torn", "changed"]) {
        const [file = ""] = readdirSync(cacheDir);
        if (damage === "torn") truncateSync(join(cacheDir, file), 1_000_000);
        if (damage === "changed") {
          const bytes = readFileSync(join(cacheDir, file));
          bytes[5_000_000] = 255 - (bytes[5_000_000] ?? 0);
          writeFileSync(join(cacheDir, file), bytes);
        }
        await using test = await openSandbox({ cacheDir });
        expect(await test.read("result['message'] = 1 + 1")).toBe(2);
        expect(readdirSync(cacheDir)).toHaveLength(1);
      }
    } finally {
      await rm(cacheDir, { recursive: true });
    }
  }, 60_000);

  it("takes the snapshot of the installation when that is sound, and writes nothing there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hooktower-installed-"));
    const [installedDir, cacheDir] = [join(folder, "installed"), join(folder, "cache")];
    const snapshots = (of: string) => readdirSync(of).filter((name) => name.endsWith(".snapshot"));
    const answers = async () => {
      await using test = await openSandbox({ installedDir, cacheDir });
      expect(await test.read("result['message'] = 1 + 1")).toBe(2);
    };
    try {
      mkdirSync(installedDir);
      for (const name of snapshots(CACHE_DIR)) copyFileSync(join(CACHE_DIR, name), join(installedDir, name));
      await answers();
      expect(snapshots(cacheDir)).toEqual([]);
      for (const name of snapshots(installedDir)) truncateSync(join(installedDir, name), 1_000_000);
      await answers();
      expect(snapshots(cacheDir)).toHaveLength(1);
      for (const name of snapshots(installedDir)) expect(statSync(join(installedDir, name)).size).toBe(1_000_000);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);

  it("of further runners makes the folder and the snapshot again when somebody has taken them away", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hooktower-tidied-"));
    try {
      await using test = await openSandbox({ cacheDir: join(folder, "cache") });
      await rm(join(folder, "cache"), { recursive: true });
      process.kill(childrenOf(process.pid)[0] as number, "SIGKILL");
      await until("the runner is gone", () => test.sandbox.status().restarts > 0);
      const limits = { wallMs: 30_000 };
      expect(await test.read("result['message'] = 1 + 1", { limits })).toBe(2);
      expect(readdirSync(join(folder, "cache"))).toHaveLength(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);

  it("makes runs wait, and tells the sandbox is not ready yet", async () => {
    const sandbox = createSandbox({ runners: 1, cacheDir: CACHE_DIR, logger: quiet });
    try {
      expect(sandbox.status()).toMatchObject({ ready: false });
      const startedAt = performance.now();
      const program = prepare(sandbox, "pass");
      expect(await sandbox.run({ program, inputs: {}, secrets: new Map() })).toMatchObject({ status: "completed" });
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    } finally {
      await sandbox.close(0);
    }
  });

  it("that cannot succeed answers busy, is tried again, and does not spin", async () => {
    const errors: string[] = [];
    const logger = { ...quiet, error: (_details: object, message: string) => void errors.push(message) };
    const sandbox = createSandbox({ runners: 1, cacheDir: "/dev/null/no-such-place", logger });
    try {
      const program = prepare(sandbox, "pass");
      expect(await sandbox.run({ program, inputs: {}, secrets: new Map(), limits: { wallMs: 1_500 } })).toMatchObject({
        status: "busy",
      });
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.length).toBeLessThan(6);
    } finally {
      await sandbox.close(0);
    }
  });

  it("refuses options that make no sense", () => {
    for (const bad of [{ runners: 0 }, { runners: 1.5 }, { memoryBytes: 1 }, { limits: { cpuMs: -1 } }]) {
      expect(() => createSandbox({ runners: 1, cacheDir: CACHE_DIR, logger: quiet, ...bad })).toThrow(RangeError);
    }
  });
});

it("a host that answers after the run has ended harms nothing", async () => {
  await using test = await openSandbox();
  const { promise, resolve } = Promise.withResolvers<null>();
  expect(await test.run("ask()", { inputs: ASK, onHostCall: () => promise, limits: { wallMs: 200 } })).toMatchObject({
    limit: "wall",
  });
  resolve(null);
  expect(await test.read("result['message'] = 'next'")).toBe("next");
  expect(test.sandbox.status().restarts).toBe(0);
});

function childrenOf(pid: number): number[] {
  const list = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], { encoding: "utf8" });
  const runner = fileURLToPath(new URL("../../src/sandbox/python/runner.ts", import.meta.url));
  return list
    .split("\n")
    .filter((line) => line.includes(runner))
    .map((line) => Number.parseInt(line, 10));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
