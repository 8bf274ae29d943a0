/** Entry of a child process: runs the script of its first argument in an interpreter without a wall, and prints its `found`. */

import { readFileSync } from "node:fs";
import { PYODIDE_DIR } from "../../src/sandbox/launch.ts";
import { bootInterpreter } from "../../src/sandbox/python/boot.ts";
import { readGuestSources } from "../../src/sandbox/python/guest.ts";

const interpreter = await bootInterpreter({ pyodideDir: PYODIDE_DIR });
interpreter.FS.mkdirTree("/guest");
for (const [name, text] of Object.entries(readGuestSources())) interpreter.FS.writeFile(`/guest/${name}`, text);
interpreter.runPython("import sys; sys.path.insert(0, '/guest')");
interpreter.runPython(readFileSync(process.argv[2] ?? "", "utf8"));
process.stdout.write(String(interpreter.globals.get("found")));
