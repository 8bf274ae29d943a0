/**
 * Entry of the child that builds the memory snapshot: boots an interpreter, imports the guest's
 * sources (JSON on stdin) and writes the memory to stdout. As locked down as a runner.
 * Argument: directory of Pyodide.
 */

import { bootInterpreter } from "./boot.ts";

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const sources = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { [fileName: string]: string };

const interpreter = await bootInterpreter({ pyodideDir: process.argv[2] ?? "", forSnapshot: true });
interpreter.FS.mkdirTree("/guest");
for (const [name, text] of Object.entries(sources)) interpreter.FS.writeFile(`/guest/${name}`, text);
interpreter.runPython("import sys; sys.path.insert(0, '/guest'); import main; sys.path.remove('/guest'); del sys");

process.stdout.write(interpreter.makeMemorySnapshot());
