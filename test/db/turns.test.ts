import { expect, it } from "vitest";
import { createTurns } from "../../src/db/turns.ts";

it("lets statements through at once, and one after the other behind a transaction", async () => {
  const turns = createTurns();
  const log: string[] = [];
  const run = (name: string) =>
    turns.run(() => {
      log.push(name);
      return Promise.resolve();
    });
  void run("a");
  await turns.hold();
  const first = run("b");
  const held = turns.hold().then(() => log.push("second transaction"));
  const last = run("c");
  expect(log).toEqual(["a"]);
  turns.release();
  await Promise.all([first, held]);
  expect(log).toEqual(["a", "b", "second transaction"]);
  turns.release();
  await last;
  expect(log).toEqual(["a", "b", "second transaction", "c"]);
});

it("hands on what a statement throws", async () => {
  const turns = createTurns();
  await turns.hold();
  const failed = turns.run(() => Promise.reject(new Error("no")));
  turns.release();
  await expect(failed).rejects.toThrow("no");
});
