// A runner that has been taken over. The first argument says what it does when it is given a run.
const mode = process.argv[2].split("/").at(-1);

function frame(kind, id, head, { length, headLength, blob = "" } = {}) {
  const bytes = Buffer.from(head + blob);
  const prefix = Buffer.alloc(13);
  prefix.writeUInt32LE(length ?? 9 + bytes.length, 0);
  prefix.writeUInt8(kind, 4);
  prefix.writeUInt32LE(id, 5);
  prefix.writeUInt32LE(headLength ?? Buffer.byteLength(head), 9);
  return Buffer.concat([prefix, bytes]);
}

const OUTCOME = JSON.stringify({
  status: "completed",
  result: { exit_code: false, message: null },
  log: [],
  compared: [],
});

const FORGERIES = {
  honest: (id) => frame(2, id, OUTCOME),
  "another-run": (id) => frame(2, id + 1, OUTCOME),
  "call-of-another-run": (id) => frame(4, id + 1, '{"call":1,"name":"x","args":null}'),
  "no-json": (id) => frame(2, id, "{"),
  "no-object": (id) => frame(2, id, "[]"),
  "unknown-status": (id) => frame(2, id, '{"status":"allowed","log":[],"compared":[]}'),
  "result-of-another-type": (id) => frame(2, id, OUTCOME.replace("false", '"no"')),
  "result-with-more-keys": (id) => frame(2, id, OUTCOME.replace("false", 'false,"user_id":1')),
  "value-that-is-no-json": (id) => frame(2, id, OUTCOME.replace("null", '["{"]')),
  "log-that-is-none": (id) => frame(2, id, OUTCOME.replace('"log":[]', '"log":[["info"]]')),
  "unknown-kind": (id) => frame(99, id, "null"),
  "too-long": (id) => frame(2, id, "", { length: 0x7fffffff }),
  "head-longer-than-frame": (id) => frame(2, id, "{}", { headLength: 1000 }),
  blob: (id) => frame(2, id, OUTCOME, { blob: "x" }),
  "call-out-of-turn": (id) => frame(4, id, '{"call":7,"name":"x","args":null}'),
  "call-while-waiting": (id) => Buffer.concat([1, 2].map((n) => frame(4, id, `{"call":${n},"name":"x","args":null}`))),
  "call-without-a-name": (id) => frame(4, id, '{"call":1,"args":null}'),
  "check-that-nobody-wants": (id) => frame(7, id, "null"),
  endless: (id) => Buffer.concat(Array.from({ length: 100 }, () => frame(2, id, OUTCOME))),
  silence: () => Buffer.alloc(0),
  // Cancelled, it lets its run end, and says of the next one first that it is not there and then that it ended.
  "ghost-of-the-next-run": () => Buffer.alloc(0),
};
let hasEnded = false;

process.stdin.on("data", (chunk) => {
  for (let offset = 0; offset < chunk.length; offset += chunk.readUInt32LE(offset) + 4) {
    const kind = chunk.readUInt8(offset + 4);
    const id = chunk.readUInt32LE(offset + 5);
    if (kind === 2) process.stdout.write(FORGERIES[mode](id));
    if (mode !== "ghost-of-the-next-run") continue;
    if (kind === 5 && !hasEnded) {
      hasEnded = true;
      process.stdout.write(frame(2, id, OUTCOME));
    }
    if (kind === 6 && id !== 0) process.stdout.write(Buffer.concat([frame(5, id, ""), frame(2, id, OUTCOME)]));
  }
});
process.stdin.on("end", () => process.exit(0));
process.stdout.write(frame(1, 0, ""));
