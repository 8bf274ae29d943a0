import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { openCommandLine } from "./support.ts";

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
