import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import {
  buildCommandLines,
  buildExecutedLines,
  chooseSudoMode,
  mergeStatuses,
  type CommandRequest,
} from "../../../src/tower/ssh/command-line.ts";
import { quoteForShell } from "../../../src/tower/ssh/quote.ts";

const S = "sudo -S -p ''";

describe("lines of a command", () => {
  it.each<[CommandRequest, string[]]>([
    [{ code: "a && b", path: "/p" }, ["cd /p && a && b"]],
    [{ code: "a && b" }, ["a && b"]],
    [{ code: "a\\\nb && c\n", path: null }, ["a\\\nb && c\n"]],
    [{ code: "a", sudo: "n" }, [`${S} a`]],
    [{ code: "a && b", path: "/p", sudo: "n" }, [`cd /p && ${S} a && ${S} b`]],
    [{ code: "a && b", sudo: "n", noSplit: true }, [`${S} a && b`]],
    [{ code: "a && b", path: "/p", sudo: "p" }, ["cd /p", `${S} a`, `${S} b`]],
    [{ code: "a && b", sudo: "p", noSplit: true }, [`${S} a && b`]],
    [{ code: "a; b || c", sudo: "p" }, [`${S} a; b || c`]],
    [{ code: "x \\\n-y && z", sudo: "n" }, [`${S} x -y && ${S} z`]],
    [{ code: "x\\\n-y && z", sudo: "n" }, [`${S} x-y && ${S} z`]],
    [{ code: "x \\\r\n-y && z", sudo: "p" }, [`${S} x -y`, `${S} z`]],
    [{ code: "x \\\n-y", sudo: "n" }, [`${S} x \\\n-y`]],
  ])("%j are those of the original", (request, lines) => {
    expect(buildCommandLines(request)).toEqual(lines);
  });

  it.each<[CommandRequest, string[]]>([
    [{ code: "a && b", path: "/p", sudo: "p" }, [`cd /p && ${S} a`, `cd /p && ${S} b`]],
    [{ code: "a && b", path: "/p", sudo: "p", noSplit: true }, [`cd /p && ${S} a && b`]],
    [{ code: "a && b", path: "/p", sudo: "n" }, [`cd /p && ${S} a && ${S} b`]],
    [{ code: "a", path: "/p" }, ["cd /p && a"]],
  ])("%j are sent so that the path has its effect", (request, lines) => {
    expect(buildExecutedLines(request)).toEqual(lines);
  });

  it.each([
    [[0, 1, 0, 4, 0], 4],
    [[0, 0], 0],
    [[3, 0], 3],
    [[], 0],
  ])("that ended with %j have the status %i", (statuses, status) => {
    expect(mergeStatuses(statuses)).toBe(status);
  });

  it("use sudo as the server says, not for root, and not when it is not wanted", () => {
    const server = { username: "deploy", sudo: "p" } as const;
    expect([null, true, false].map((wanted) => chooseSudoMode(server, wanted))).toEqual(["p", "p", "off"]);
    expect(chooseSudoMode({ ...server, username: "root" }, true)).toBe("off");
    expect(chooseSudoMode({ ...server, sudo: "off" }, true)).toBe("off");
  });
});

describe("quoting for a shell", () => {
  const texts = [
    "",
    "plain",
    "two words",
    "it's",
    "'",
    "''\\''",
    "back\\slash\\",
    '$(touch x) `id` "$HOME" ${x}',
    "a;b|c&d>e<f*?[!]{1,2}~#",
    "line\nbreak\ttab\r",
    "-rf",
    "öäü 漢字 🙂",
    "!history",
    "\u0001\u001b[0m",
  ];

  it.each(texts)("gives a real shell %j back as it was", (text) => {
    const { stdout, status } = spawnSync("sh", ["-c", `printf '%s|' ${quoteForShell(text)} end`], { encoding: "utf8" });
    expect({ stdout, status }).toEqual({ stdout: `${text}|end|`, status: 0 });
  });

  it("leaves plain words readable", () => {
    expect(quoteForShell("/srv/app-1.2@x")).toBe("/srv/app-1.2@x");
  });

  it("refuses what no shell can hold", () => {
    expect(() => quoteForShell("a\0b")).toThrow("NUL");
  });
});
