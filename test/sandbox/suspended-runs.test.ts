import { expect, it } from "vitest";
import { bytesInput, lines, openSandbox } from "./support.ts";

/** Runs that are suspended while others go on with the same interpreter, and with the same stack. */

/** `count` calls of C functions in each other, and a wait below them. */
function waitBelow(count: number): string {
  return lines(
    "def dig(count):",
    "    if count:",
    "        return max([count], key=lambda item: dig(count - 1))",
    "    time.sleep(1)",
    `dig(${count})`,
  );
}

it("keeps hundreds of suspended runs whole while others make objects", async () => {
  await using box = await openSandbox();
  // They wait at different depths and for different times, so that each goes on over the stacks of others.
  const source = lines(
    "def dig(depth, own):",
    "    if depth:",
    "        return max([depth], key=lambda item: dig(depth - 1, own))",
    "    time.sleep(0.05 + own % 7 / 20)",
    "    return own",
    "for turn in range(4):",
    "    dig((own + turn) % 5, own)",
    "    kept = [[own] for part in range(500)]",
    "    dropped = [[own] for part in range(3000)]",
    "result['message'] = sum(part[0] for part in kept)",
  );
  const runs = Array.from({ length: 300 }, async (_, own) => {
    const inputs = { own: { kind: "json", value: own } } as const;
    expect(await box.read(source, { inputs })).toBe(own * 500);
  });
  await Promise.all(runs);
  expect(box.sandbox.status().restarts).toBe(0);
}, 60_000);

it("has room on the stack beside hundreds of suspended runs that are deep in it", async () => {
  await using box = await openSandbox();
  const runs = Array.from({ length: 400 }, () => box.run(waitBelow(100)));
  const others = box.run(lines("time.sleep(0.5)", waitBelow(200)));
  for (const { status } of await Promise.all([...runs, others])) expect(status).toBe("completed");
  expect(box.sandbox.status().restarts).toBe(0);
}, 30_000);

it("refuses to suspend a run that is too deep in the stack", async () => {
  await using box = await openSandbox();
  expect(await box.run(waitBelow(400))).toMatchObject({
    status: "raised",
    type: "RecursionError",
    message: "too many calls in each other for code that is to wait",
  });
});

it("drops what a run had at its end, also when its functions refer to it", async () => {
  await using box = await openSandbox({ memoryBytes: 64 * 1024 * 1024 });
  const inputs = { body: bytesInput(Buffer.alloc(1024 * 1024)) };
  for (let call = 0; call < 100; call += 1) {
    expect(await box.read("def size(): return len(body)\nresult['message'] = size()", { inputs })).toBe(1024 * 1024);
  }
});

it("is not taken for hung while many runs that say nothing go on one after the other", async () => {
  await using box = await openSandbox();
  const source = lines(
    "for turn in range(2):",
    "    time.sleep(0.2)",
    "    until = time.time() + 0.08",
    "    while time.time() < until: pass",
  );
  const runs = Array.from({ length: 40 }, () => box.run(source));
  for (const { status } of await Promise.all(runs)) expect(status).toBe("completed");
  expect(box.sandbox.status().restarts).toBe(0);
}, 30_000);

it.each([
  ["swallows the end of its time", "while True:\n  try:\n    while True: time.sleep(0.01)\n  finally: continue"],
  [
    "asks to wait where it must not, again and again",
    lines(
      "def dig(count):",
      "    if count: return max([count], key=lambda item: dig(count - 1))",
      "    while True:",
      "        try: time.sleep(0.01)",
      "        except RecursionError: pass",
      "dig(400)",
    ),
  ],
])(
  "ends a run that %s, and goes on with the others",
  async (_what, source) => {
    await using box = await openSandbox();
    const other = box.run("time.sleep(6)\nresult['message'] = 'ok'", { limits: { wallMs: 20_000 } });
    expect(await box.run(source, { limits: { wallMs: 1_000 } })).toMatchObject({ status: "limit" });
    expect(await other).toMatchObject({ status: "completed" });
  },
  40_000,
);
