import { spawnSync } from "node:child_process";
import { cp, glob, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";

/** Makes `dist`: the compiled sources, and beside them what is read at run time (the guest's Python and its data). */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const COMPILER = join(ROOT, "node_modules", "typescript", "bin", "tsc");
const ASSETS = "src/**/*.{py,txt}";

await rm(DIST, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [COMPILER, "-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
if (status !== 0) process.exit(1);
for await (const file of glob(ASSETS, { cwd: ROOT })) {
  const target = join(DIST, relative("src", file));
  await mkdir(dirname(target), { recursive: true });
  await cp(join(ROOT, file), target);
}
// The compiled files stay: threads and runners are processes of their own, which begin with a small file each.
for (const { name, text } of await bundle(DIST, "main.js")) await writeFile(join(DIST, name), text);
