import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { normalise, startRecordingServer } from "./recording-server.ts";
import { REQUESTS_CASES } from "./requests-cases.ts";

/**
 * Writes fixtures/requests.json: what Python's own `requests` sends and sees in each case. Needs a
 * Python that has it (Debian: python3-requests): `node test/guest/record-requests.ts`.
 */
const PYTHON = process.env["PYTHON"] ?? "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("record-requests.py", import.meta.url));
const FIXTURE = new URL("fixtures/requests.json", import.meta.url);

await using server = await startRecordingServer();
const python = spawn(PYTHON, [SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
const results = createInterface(python.stdout)[Symbol.asyncIterator]();
const recorded: Record<string, unknown> = {};
for (const { name, source } of REQUESTS_CASES) {
  python.stdin.write(`${JSON.stringify({ source, url: server.url })}\n`);
  const { value, done } = await results.next();
  if (done === true) throw new Error(`Python ended in the case "${name}"`);
  recorded[name] = normalise({ result: JSON.parse(value) as unknown, sent: server.takeSent() }, server.url);
}
python.stdin.end();
const version = execFileSync(PYTHON, ["-c", "import requests; print(requests.__version__)"], {
  encoding: "utf8",
}).trim();
writeFileSync(FIXTURE, `${JSON.stringify({ requests: version, cases: recorded }, null, 1)}\n`);
