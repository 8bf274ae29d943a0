import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { ROOT } from "./imports.ts";

// The shell that npm starts does not pass signals on: without `exec` in the script the server would
// be left behind, and its port with it.
test("`npm start` ends the server when npm is told to end", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "hooktower-start-"));
  const npm = spawn("npm", ["start", "--silent"], {
    cwd: ROOT,
    env: { ...process.env, HOOKTOWER_DATA_DIR: dataDir, HOOKTOWER_PORT: "0", HOOKTOWER_LOG_LEVEL: "silent" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const ended = once(npm, "exit");
    const url = await findUrl(createInterface(npm.stdout));
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    npm.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  } finally {
    npm.kill("SIGKILL");
    await rm(dataDir, { recursive: true });
  }
});

async function findUrl(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const url = /^Hooktower is at (\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error("no address was printed");
}
