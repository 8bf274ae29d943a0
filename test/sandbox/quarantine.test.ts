import { expect, it } from "vitest";
import { createQuarantine } from "../../src/sandbox/quarantine.ts";
import { openSandbox, until } from "./support.ts";

it.each([
  ["CPU", { status: "limit", limit: "cpu" }, true],
  ["memory", { status: "limit", limit: "memory" }, true],
  // Whoever took the runner down is known to the pool, which adds it; others are lost with it.
  ["its place, with its runner", { status: "lost" }, false],
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
  quarantine.add("a");
  now = 20_000;
  quarantine.add("a");
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

it("keeps those apart that take their runner down, and nobody that was only near", async () => {
  await using test = await openSandbox();
  const kill = () => test.run("a = []\nfor _ in range(3000000): a = [a]\nrepr(a)", { limits: { cpuMs: 20_000 } });
  const neighbour = (n: number) => test.read(`result['message'] = ${n}`, { limits: { cpuMs: 10_000 } });
  for (let round = 0; round < 3; round += 1) {
    const killed = kill();
    expect(await Promise.all([1, 2, 3].map(neighbour))).toEqual([1, 2, 3]);
    expect(["lost", "limit", "raised"]).toContain((await killed).status);
  }
});
