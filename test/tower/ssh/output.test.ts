import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createOutputKeeper, createOutputRecorder } from "../../../src/tower/ssh/output.ts";

function keep(maxBytes: number, bytes: Buffer, chunkBytes: number) {
  const keeper = createOutputKeeper(maxBytes);
  for (let start = 0; start < bytes.length; start += chunkBytes) keeper.push(bytes.subarray(start, start + chunkBytes));
  return keeper.readText();
}

describe("kept output", () => {
  it("is whole up to the limit", () => {
    const text = randomBytes(500).toString("hex");
    for (const chunk of [1, 7, 499, 500, 501, 5000]) {
      expect(keep(1000, Buffer.from(text), chunk)).toEqual({ text, cut: 0 });
    }
  });

  it("loses its middle beyond the limit, whatever pieces it comes in", () => {
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, index) => String(index % 10)).join(""));
    const text = `${bytes.subarray(0, 500).toString()}\n… 2,000 bytes cut …\n${bytes.subarray(2500).toString()}`;
    for (const chunk of [1, 3, 250, 499, 500, 501, 1000, 3000]) {
      expect(keep(1000, bytes, chunk)).toEqual({ text, cut: 2000 });
    }
  });

  it("is not cut inside of a character", () => {
    for (const character of ["ö", "漢", "🙂"]) {
      for (let shift = 0; shift < 4; shift += 1) {
        const bytes = Buffer.from("a".repeat(shift) + character.repeat(1000));
        const { text, cut } = keep(101, bytes, 64);
        expect(text).not.toContain("\uFFFD");
        const [head = "", , tail = ""] = text.split("\n");
        expect(Buffer.byteLength(head) + cut + Buffer.byteLength(tail)).toBe(bytes.length);
      }
    }
  });

  it("shows what is not UTF-8 as U+FFFD, and keeps a byte order mark", () => {
    expect(keep(100, Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62]), 1).text).toBe("\uFEFFa\uFFFDb");
  });

  it("can be none at all", () => {
    expect(keep(0, Buffer.from("abc"), 1)).toEqual({ text: "\n… 3 bytes cut …\n", cut: 3 });
    expect(keep(0, Buffer.alloc(0), 1)).toEqual({ text: "", cut: 0 });
  });
});

it("live output has whole characters, each stream for itself", () => {
  const seen: string[] = [];
  const recorder = createOutputRecorder(1000, (text, stream) => void seen.push(`${stream} ${text}`));
  const [first = 0, second = 0] = Buffer.from("ö");
  recorder.push(Buffer.from([first]), "stdout");
  recorder.push(Buffer.from("x"), "stderr");
  recorder.push(Buffer.from([second]), "stdout");
  expect(seen).toEqual(["stderr x", "stdout ö"]);
  expect(recorder.readOutput()).toEqual({ stdout: "ö", stderr: "x", cut: { stdout: 0, stderr: 0 } });
});
