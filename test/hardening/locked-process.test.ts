import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { launchLocked } from "../../src/sandbox/launch.ts";

const directory = mkdtempSync(join(tmpdir(), "hooktower-locked-"));
const secretFile = join(directory, "secret.txt");
writeFileSync(secretFile, "a file of the host");
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs JavaScript of the attacker's choice in a process as locked down as a runner. */
async function attack(body: string): Promise<string> {
  const script = join(directory, `attack-${Math.random()}.mjs`);
  writeFileSync(
    script,
    `const secretFile = ${JSON.stringify(secretFile)};
     async function attack() { ${body} }
     try { process.stdout.write("DONE " + String(await attack())); } catch (error) { process.stdout.write("REFUSED " + (error.code ?? error.name)); }
     process.exit(0);`,
  );
  const child = launchLocked(script, [], []);
  const [said] = await Promise.all([text(child.stdout as NonNullable<typeof child.stdout>), once(child, "close")]);
  return said;
}

describe("a locked-down process", () => {
  it("runs", async () => {
    expect(await attack("return 1 + 1")).toBe("DONE 2");
  });

  it.each([
    ["read a file", 'return (await import("node:fs")).readFileSync(secretFile, "utf8")'],
    ["read a file without the module system", "return process.binding('fs').open(secretFile, 0, 0o666)"],
    ["list a directory", 'return (await import("node:fs")).readdirSync("/")'],
    ["stat a file", 'return (await import("node:fs")).statSync(secretFile).size'],
    ["write a file", 'return (await import("node:fs")).writeFileSync(secretFile + "2", "x")'],
    ["remove a file", 'return (await import("node:fs")).rmSync(secretFile)'],
    ["make a symbolic link", 'return (await import("node:fs")).symlinkSync("/", secretFile + "3")'],
    ["start a process", 'return (await import("node:child_process")).execFileSync("/bin/true")'],
    ["fork", 'return (await import("node:child_process")).fork(process.argv[1]).pid'],
    ["start a thread", 'return new (await import("node:worker_threads")).Worker("1", { eval: true }).threadId'],
    ["open the inspector", 'return (await import("node:inspector")).open(0)'],
    ["connect an inspector session", 'return new (await import("node:inspector")).Session().connect()'],
    ["load an add-on", 'return process.dlopen({ exports: {} }, "/lib/x.node")'],
    ["start WASI", 'return new (await import("node:wasi")).WASI({ version: "preview1", preopens: { "/": "/" } })'],
    ["evaluate text", 'return eval("1")'],
    ["make a function of text", 'return Function("return 1")()'],
    ["make a function of text by a constructor", 'return (async () => {}).constructor("return 1")()'],
    ["resolve a name", 'return (await import("node:dns/promises")).lookup("localhost")'],
    ["ask a name server", 'return (await import("node:dns/promises")).resolve4("example.com")'],
    ["fetch", 'return (await fetch("http://127.0.0.1:9/")).status'],
    [
      "send a datagram",
      'const s = (await import("node:dgram")).createSocket("udp4"); return await new Promise((r, f) => s.on("error", f).send("x", 9, "127.0.0.1", (e) => e ? f(e) : r("sent")))',
    ],
    [
      "listen",
      'const s = (await import("node:net")).createServer(); return await new Promise((r, f) => { s.on("error", f); s.listen(0, () => r("listening")); })',
    ],
    ["write a heap snapshot", 'return (await import("node:v8")).writeHeapSnapshot(secretFile + ".heap")'],
    ["write a report", 'return process.report.writeReport(secretFile + ".json")'],
  ])("cannot %s", async (_what, body) => {
    expect(await attack(body)).toMatch(/^REFUSED /);
  });

  it("cannot connect to a port", async () => {
    let connections = 0;
    const server = createServer(() => (connections += 1)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const said = await attack(
      `const s = (await import("node:net")).connect(${port}, "127.0.0.1"); return await new Promise((r, f) => { s.on("error", f); s.on("connect", () => r("connected")); });`,
    );
    server.close();
    expect(said).toMatch(/^REFUSED /);
    expect(connections).toBe(0);
  });

  it("cannot connect to a Unix socket", async () => {
    const path = join(directory, "socket");
    const server = createServer().listen(path);
    await once(server, "listening");
    const said = await attack(
      `const s = (await import("node:net")).connect(${JSON.stringify(path)}); return await new Promise((r, f) => { s.on("error", f); s.on("connect", () => r("connected")); });`,
    );
    server.close();
    expect(said).toMatch(/^REFUSED /);
  });

  it("has an empty environment and sees no arguments of its host", async () => {
    process.env["HOOKTOWER_TEST_SECRET"] = "in the environment of the host";
    expect(await attack("return JSON.stringify(process.env)")).toBe("DONE {}");
    delete process.env["HOOKTOWER_TEST_SECRET"];
  });

  it("has no permissions at all but to read its own code", async () => {
    const scopes = ["fs.write", "child", "worker", "net", "inspector", "wasi", "addon", "ffi"];
    expect(
      await attack(`return ${JSON.stringify(scopes)}.filter((scope) => process.permission.has(scope)).join()`),
    ).toBe("DONE ");
    expect(
      await attack(
        'return ["/", "/etc/passwd", secretFile, "/proc/self/environ"].filter((path) => process.permission.has("fs.read", path)).join()',
      ),
    ).toBe("DONE ");
  });
});
