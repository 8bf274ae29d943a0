import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("a program never gets hold of an error of JavaScript", { timeout: 60_000 }, () => {
  const script = fileURLToPath(new URL("throwing-bridge.ts", import.meta.url));
  const outcome = JSON.parse(execFileSync(process.execPath, [script], { encoding: "utf8" })) as {
    result: { message: [string] };
  };
  expect(JSON.parse(outcome.result.message[0])).toEqual(["the host cannot be asked", "the host cannot be asked"]);
});
