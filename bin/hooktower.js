#!/usr/bin/env node
// Starts the command line with Node 26, whatever Node runs this file (20 or newer): the npm
// package `node` brings one. Plain JavaScript, since Node 20 reads no types.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const REQUIRED_MAJOR = 26;
const here = dirname(fileURLToPath(import.meta.url));
const major = Number(process.versions.node.split(".")[0]);

if (major >= REQUIRED_MAJOR) await start();
else runWith(findNode());

async function start() {
  // Types are stripped and code is compiled once, not at every start: 0.4 s less in a checkout.
  const { enableCompileCache } = await import("node:module");
  enableCompileCache(join(here, "..", "node_modules", ".cache", "hooktower"));
  await import(pathToFileURL(findEntry()).href);
}

/** What was built; in a checkout the sources, when they or the packages have changed since: they take 0.5 s longer to load. */
function findEntry() {
  const built = join(here, "..", "dist", "main.js");
  const sources = join(here, "..", "src");
  if (!existsSync(sources)) return built;
  const packages = join(here, "..", "node_modules", ".package-lock.json");
  const isCurrent = existsSync(built) && ![sources, packages].some((path) => isNewer(path, statSync(built).mtimeMs));
  return isCurrent ? built : join(sources, "main.ts");
}

/** Whether the file, or one below the folder, was changed, added or taken away after the time. */
function isNewer(path, time) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (stat.mtimeMs > time) return true;
  return stat.isDirectory() && readdirSync(path).some((name) => isNewer(join(path, name), time));
}

/** The package `node`, in the nearest node_modules that has it: npm may have hoisted it. */
function findNode() {
  const executable = process.platform === "win32" ? "node.exe" : "node";
  for (let folder = join(here, ".."); ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", "node", "bin", executable);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) break;
  }
  process.stderr.write(
    `hooktower: needs Node ${REQUIRED_MAJOR}, this is ${process.versions.node}, and the package "node" that brings it is not installed: run "npm ci" in the checkout\n`,
  );
  process.exit(1);
}

/** Runs this file again with another Node, and ends as it ends. */
function runWith(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C on a terminal reaches the child by itself, and a second SIGINT would end it at once.
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !hasTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`hooktower: cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
