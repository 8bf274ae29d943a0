import { expect, it } from "vitest";
import { createQuarantine } from "../../src/sandbox/quarantine.ts";
import { openSandbox, until } from "./support.ts";

it.each([
  ["CPU", { status: "limit", limit: "cpu" }, true],
  ["memory", { status: "limit", limit: "memory" }, true],
  ["its runner", { status: "lost" }, true],
  ["time to wait", { status: "limit", limit: "wall" }, false],
  ["room for its result", { status: "limit", limit: "result" }, false],
  ["nothing", { status: "completed" }, false],
  ["no notice of an error", { status: "raised" }, false],
] as const)("a program that took %s", (_what, outcome, kept) => {
  const quarantine = createQuarantine();
  quarantine.judge("a", outcome);
  expect([quarantine.has("a"), quarantine.has("b"), quarantine.isEmpty()]).toEqual([kept, false, !kept]);
});

it("lets a program go 30 s after it last took too much", () => {
  let now = 0;
  const quarantine = createQuarantine(() => now);
  quarantine.judge("a", { status: "lost" });
  now = 20_000;
  quarantine.judge("a", { status: "lost" });
  now = 49_999;
  expect(quarantine.has("a")).toBe(true);
  now = 50_000;
  expect([quarantine.has("a"), quarantine.isEmpty()]).toEqual([false, true]);
});

it("gives a program that loops a runner apart, and the others keep theirs", async () => {
  await using test = await openSandbox();
  const loop = () => test.run("while True: pass", { limits: { cpuMs: 4_000 } });
  expect(await test.run("while True: pass", { limits: { cpuMs: 200 } })).toMatchObject({ limit: "cpu" });
  let ended = false;
  const looping = loop().finally(() => (ended = true));
  await until("it runs apart", () => test.sandbox.status().runners === 2 && test.sandbox.status().running === 1);
  expect(await test.read("result['message'] = 'not held up'")).toBe("not held up");
  expect(ended).toBe(false);
  expect(await looping).toMatchObject({ status: "limit", limit: "cpu" });
});
