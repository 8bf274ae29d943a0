import { spawnSync } from "node:child_process";
import { cp, glob, mkdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureSnapshot } from "../src/sandbox/python/snapshot.ts";
import { bundle } from "./bundle.ts";

/**
 * Makes `dist`: the compiled sources, and beside them what is read at run time (the guest's Python and its data);
 * and the start image of the Python interpreter, which stays on this machine.
 */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
/** Put in its place when it is whole: the launcher takes what lies there for built. */
const UNFINISHED = join(ROOT, "node_modules", ".cache", "hooktower-dist");
/** Where `src/open-sandbox.ts` looks for it. */
const SNAPSHOT_DIR = join(ROOT, "node_modules", ".cache", "hooktower");
const COMPILER = join(ROOT, "node_modules", "typescript", "bin", "tsc");
const ASSETS = "src/**/*.{py,txt}";

const startedAt = new Date();
await rm(UNFINISHED, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [COMPILER, "-p", "tsconfig.build.json", "--outDir", UNFINISHED], {
  cwd: ROOT,
  stdio: "inherit",
});
if (status !== 0) process.exit(1);
for await (const file of glob(ASSETS, { cwd: ROOT })) {
  const target = join(UNFINISHED, relative("src", file));
  await mkdir(dirname(target), { recursive: true });
  await cp(join(ROOT, file), target);
}
// The compiled files stay: threads and runners are processes of their own, which begin with a small file each.
for (const { name, text } of await bundle(UNFINISHED, "main.js")) await writeFile(join(UNFINISHED, name), text);
// The launcher compares: what was changed while this worked may not be in it.
await utimes(join(UNFINISHED, "main.js"), startedAt, startedAt);
await rm(DIST, { recursive: true, force: true });
await rename(UNFINISHED, DIST);

for await (const old of glob("*.snapshot", { cwd: SNAPSHOT_DIR })) await rm(join(SNAPSHOT_DIR, old));
await ensureSnapshot({ cacheDir: SNAPSHOT_DIR }, { info: () => undefined });
