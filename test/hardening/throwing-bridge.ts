/** Prints the outcome, as JSON, of a program that asks a host whose JavaScript throws, and looks at what it caught. */

import { bootInterpreter } from "../../src/sandbox/python/boot.ts";
import { readGuestSources } from "../../src/sandbox/python/guest.ts";
import { createGuest } from "../../src/sandbox/python/interpreter.ts";
import { leaveUnmarked } from "../../src/sandbox/python/placeholders.ts";
import { PYODIDE_DIR } from "../../src/sandbox/launch.ts";

const SOURCE = `
def look(go):
    try: go()
    except Exception as error:
        try: return str(error.js_error.constructor)
        except AttributeError: return str(error)
result["message"] = [look(lambda: ask(1)), look(lambda: time.sleep(1))]
`;

function fail(): never {
  throw new Error("thrown by JavaScript");
}

const interpreter = await bootInterpreter({ pyodideDir: PYODIDE_DIR });
interpreter.FS.mkdirTree("/guest");
for (const [name, text] of Object.entries(readGuestSources())) interpreter.FS.writeFile(`/guest/${name}`, text);
interpreter.runPython("import sys; sys.path.insert(0, '/guest')");

const guest = createGuest(interpreter, {
  call: fail,
  sleep: () => Promise.reject(new Error("rejected by JavaScript")),
  resumed: () => undefined,
});
const encode = (value: object) => Buffer.from(JSON.stringify(value));
guest.load(
  encode({
    key: "test",
    language: "python",
    name: "test",
    source: SOURCE,
    ...leaveUnmarked(SOURCE),
    secretCount: 0,
    defaultResult: { message: null },
    readings: { message: "json" },
    resultShape: "dict",
    keeps: [],
    modules: null,
  }),
);
const inputs = { ask: ["hostFunction", "test.ask"] };
guest.run(1, encode({ key: "test", inputs, secrets: [], logBytes: 1000, resultBytes: 1000 }), Buffer.alloc(0));
process.stdout.write(await guest.runWaiting(1));
process.exit(0);
