import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { LAUNCHER, openCommandLine } from "./support.ts";

const old = findOldNode();

/** A Node from 20 to 25 on the PATH: what somebody has who only has Node 20. */
function findOldNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders
    .map((folder) => join(folder, "node"))
    .find((node) => {
      const major = Number(/^v(\d+)/.exec(spawnSync(node, ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1]);
      return major >= 20 && major < 26;
    });
}

test.skipIf(!old)(
  "an older Node starts the one that npm brought, and passes on code, input and signals",
  { timeout: 30_000 },
  async () => {
    await using line = await openCommandLine(old);
    expect(await line.run(["--version"])).toMatchObject({ code: 0, stdout: /^\d+\.\d+\.\d+/, stderr: "" });
    expect(await line.run(["logs"], { env: { HOOKTOWER_PORT: "x" } })).toMatchObject({ code: 2 });
    expect(await line.run(["key", "set", "K"], { input: "value" })).toMatchObject({ code: 0 });
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const server = line.start(["serve"], { HOOKTOWER_PORT: "0" });
      await server.waitFor("Hooktower is at");
      expect(await server.stop(signal)).toBe(0);
    }
  },
);

test("a checkout runs what was built until its sources or packages change", async () => {
  const root = await mkdtemp(join(tmpdir(), "hooktower-checkout-"));
  const write = async (name: string, text: string, age: number) => {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await touch(name, age);
  };
  const touch = (name: string, age: number) => utimes(join(root, name), Date.now() / 1000, Date.now() / 1000 - age);
  const says = () => spawnSync(process.execPath, [join(root, "bin/hooktower.js")], { encoding: "utf8" }).stdout;
  try {
    await write("package.json", '{"type":"module"}', 0);
    await cp(LAUNCHER, join(root, "bin/hooktower.js"));
    await write("node_modules/.package-lock.json", "{}", 200);
    await write("src/deep/part.ts", "", 200);
    await write("src/main.ts", 'const text: string = "sources"; process.stdout.write(text);', 200);
    await Promise.all(["src/deep", "src"].map((folder) => touch(folder, 200)));
    expect(says()).toBe("sources");

    await write("dist/main.js", 'process.stdout.write("built");', 100);
    expect(says()).toBe("built");

    for (const changed of ["src/deep/part.ts", "src/deep", "node_modules/.package-lock.json"]) {
      await touch(changed, 50);
      expect(says(), changed).toBe("sources");
      await touch(changed, 200);
      expect(says(), changed).toBe("built");
    }

    await rm(join(root, "src"), { recursive: true });
    expect(says(), "as published").toBe("built");
  } finally {
    await rm(root, { recursive: true });
  }
});
