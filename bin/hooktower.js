#!/usr/bin/env node
// Starts the command line with Node 26, whatever Node runs this file (20 or newer): the npm
// package `node` brings one. Plain JavaScript, since Node 20 reads no types.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
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

/** The sources in a checkout; what was compiled from them in the published package. */
function findEntry() {
  const source = join(here, "..", "src", "main.ts");
  return existsSync(source) ? source : join(here, "..", "dist", "main.js");
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
