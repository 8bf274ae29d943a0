import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { prepareProgram } from "../../src/sandbox/create-sandbox.ts";
import { FrameError, createFrameReader, encodeFrame } from "../../src/sandbox/frames.ts";
import { normalizeLimits } from "../../src/sandbox/limits.ts";
import { createPool } from "../../src/sandbox/pool.ts";
import { ProtocolError, parseMessage, parseOutcome } from "../../src/sandbox/protocol.ts";
import type { Program, RunOutcome } from "../../src/sandbox/sandbox.ts";
import { createRun } from "../../src/sandbox/task.ts";

const program = prepareProgram({
  language: "python",
  name: "forged",
  source: "pass",
  defaultResult: {},
  readings: { exit_code: "nonzero", message: "json" },
});

const cacheDir = mkdtempSync(join(tmpdir(), "hooktower-forged-"));
afterAll(() => rmSync(cacheDir, { recursive: true }));

/** Gives a run to a runner that answers with a forgery. */
async function runForged(
  mode: string,
): Promise<{ outcome: RunOutcome; complaints: string[]; hostCalls: number; restarts: number }> {
  const complaints: string[] = [];
  const note = (_details: object, message: string) => void complaints.push(message);
  const logger = { info: () => undefined, warn: note, error: note };
  const limits = normalizeLimits({ cpuMs: 200, wallMs: 8_000 });
  const entry = fileURLToPath(new URL("./forged-runner.mjs", import.meta.url));
  const findSnapshot = () => Promise.resolve(`/nowhere/${mode}`);
  const pool = createPool({ runners: 1, entry, findSnapshot, cacheDir, memoryBytes: 2 ** 28, limits, logger });
  let hostCalls = 0;
  const onHostCall = () => {
    hostCalls += 1;
    return new Promise<never>(() => undefined);
  };
  const request = { program, inputs: {}, secrets: new Map<string, string>(), onHostCall };
  const outcome = await new Promise<RunOutcome>((resolve) =>
    pool.submit(createRun(7, request, limits, logger, resolve)),
  );
  const { restarts } = pool.status();
  await pool.close(0);
  return { outcome, complaints, hostCalls, restarts };
}

describe("a runner that forges messages", () => {
  it("is told from an honest one", async () => {
    expect(await runForged("honest")).toMatchObject({
      outcome: { status: "completed", result: { exit_code: false, message: null } },
      complaints: [],
    });
  });

  it.each([
    ["another-run", 0],
    ["call-of-another-run", 0],
    ["no-json", 0],
    ["no-object", 0],
    ["unknown-status", 0],
    ["result-of-another-type", 0],
    ["result-with-more-keys", 0],
    ["value-that-is-no-json", 0],
    ["log-that-is-none", 0],
    ["unknown-kind", 0],
    ["too-long", 0],
    ["head-longer-than-frame", 0],
    ["blob", 0],
    ["call-out-of-turn", 0],
    ["call-while-waiting", 1],
    ["call-without-a-name", 0],
    ["check-that-nobody-wants", 0],
  ])("(%s) is killed and its run is lost", async (mode, hostCalls) => {
    const ended = await runForged(mode);
    expect(ended.outcome).toMatchObject({ status: "lost", mayRetry: hostCalls === 0 });
    expect(ended.complaints).toContain("a runner broke the protocol");
    expect(ended.hostCalls).toBe(hostCalls);
    expect(ended.restarts).toBeGreaterThan(0);
  });

  it("cannot answer twice", async () => {
    expect((await runForged("endless")).outcome).toMatchObject({ status: "completed" });
  });

  it("cannot speak of a run that it said it does not have", async () => {
    const complained = Promise.withResolvers<string>();
    const logger = { info: () => undefined, warn: () => undefined, error: complain };
    function complain(_details: object, message: string): void {
      complained.resolve(message);
    }
    const limits = normalizeLimits({ cpuMs: 1_000, wallMs: 200 });
    const entry = fileURLToPath(new URL("./forged-runner.mjs", import.meta.url));
    const findSnapshot = () => Promise.resolve("/nowhere/ghost-of-the-next-run");
    const pool = createPool({ runners: 1, entry, findSnapshot, cacheDir, memoryBytes: 2 ** 28, limits, logger });
    const ready = Promise.withResolvers<void>();
    const watch = setInterval(() => pool.status().ready && ready.resolve(), 5);
    await ready.promise;
    clearInterval(watch);
    const request = { program, inputs: {}, secrets: new Map<string, string>() };
    const next = createRun(8, request, limits, logger, () => undefined);
    const outcome = await new Promise<RunOutcome>((resolve) =>
      pool.submit(createRun(7, request, limits, logger, resolve, { gate: "exit_code", task: next })),
    );
    expect(outcome).toMatchObject({ status: "limit", limit: "wall" });
    // Were the run still remembered, what is said of it would be taken for late and not be heard.
    expect(await complained.promise).toBe("a runner broke the protocol");
    await pool.close(0);
  });

  it("or says nothing at all is killed", async () => {
    expect((await runForged("silence")).outcome).toMatchObject({ status: "limit", limit: "cpu" });
  });
});

describe("what a runner says it kept", () => {
  const keeper = { ...program, keeps: ["custom_values"], readings: { exit_code: "jsonIfSet" } } as const;
  const OUTCOME = { status: "completed", result: { exit_code: null }, log: [], compared: [] };
  const parse = (outcome: object, of: Program = keeper) =>
    parseOutcome(Buffer.from(JSON.stringify({ ...OUTCOME, ...outcome })), of);

  it("is read", () => {
    expect(parse({ kept: { custom_values: '{"a":1}' } })).toMatchObject({ kept: { custom_values: '{"a":1}' } });
    expect(parse({})).toMatchObject({ kept: {} });
    expect(parse({ result: { exit_code: ["null", "None"] } })).toMatchObject({
      result: { exit_code: { json: "null", text: "None" } },
    });
  });

  it.each([
    ["another name", { kept: { payload: "{}" } }],
    ["a name of objects", JSON.parse('{"kept":{"__proto__":"{}"}}') as object],
    ["no JSON", { kept: { custom_values: "{" } }],
    ["no text", { kept: { custom_values: {} } }],
    ["a list", { kept: ["{}"] }],
    ["null", { kept: null }],
    ["a reading that is a truth", { result: { exit_code: true } }],
  ])("is a breach when it is %s", (_what, outcome) => {
    expect(() => parse(outcome)).toThrow(ProtocolError);
  });

  it("is a breach when nothing is to be kept", () => {
    const { keeps: _keeps, ...other } = keeper;
    expect(() => parse({ kept: { custom_values: "{}" } }, other)).toThrow(ProtocolError);
  });

  it("is a breach when it is too deep to be given to another run", () => {
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const request = { program: keeper, inputs: {}, secrets: new Map<string, string>() };
    const take = (depth: number) =>
      createRun(1, request, normalizeLimits({}), logger, () => undefined).takeOutcome(
        Buffer.from(JSON.stringify({ ...OUTCOME, kept: { custom_values: "[".repeat(depth) + "]".repeat(depth) } })),
      );
    expect(() => take(500)).not.toThrow();
    expect(() => take(501)).toThrow(ProtocolError);
  });
});

describe("frames", () => {
  it("survive any cutting", () => {
    const frames = [
      encodeFrame(2, 1, '{"a":1}', [Buffer.from("blob"), Buffer.from("more")]),
      encodeFrame(5, 0xffff_ffff),
      encodeFrame(2, 3, "é"),
    ];
    const bytes = Buffer.concat(frames);
    for (let size = 1; size <= bytes.length; size += 1) {
      const read = createFrameReader(() => 1000);
      const found = [];
      for (let offset = 0; offset < bytes.length; offset += size) {
        for (const { kind, id, head, blob } of read(bytes.subarray(offset, offset + size)))
          found.push([kind, id, head.toString(), blob.toString()]);
      }
      expect(found).toEqual([
        [2, 1, '{"a":1}', "blobmore"],
        [5, 0xffff_ffff, "", ""],
        [2, 3, "é", ""],
      ]);
    }
  });

  it("over the cap are refused before they are kept", () => {
    const frame = encodeFrame(2, 1, "x".repeat(2000));
    expect(() => createFrameReader(() => 1000)(frame.subarray(0, 20))).toThrow(FrameError);
  });

  it("of random bytes never pass as messages that matter", () => {
    let seed = 1;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647);
    for (let round = 0; round < 3000; round += 1) {
      const bytes = Buffer.from(Array.from({ length: 60 }, () => random() % 256));
      if (round % 2) bytes.writeUInt32LE(random() % 56, 0);
      if (round % 3 === 0) bytes.writeUInt32LE(random() % 40, 9);
      try {
        for (const frame of createFrameReader(() => 1000)(bytes)) {
          const message = parseMessage(frame);
          if (message.kind === "outcome") parseOutcome(message.head, program);
        }
      } catch (error) {
        expect(error).toSatisfy((thrown) => thrown instanceof FrameError || thrown instanceof ProtocolError);
      }
    }
  });
});
