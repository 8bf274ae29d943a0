import { describe, expect, it } from "vitest";
import { createCallLogStore } from "../../src/calls/call-log.store.ts";
import { createCallLogWriter } from "../../src/calls/call-log.writer.ts";
import type { Database } from "../../src/db/database.ts";
import { silentLogger, type Logger } from "../../src/lib/logger.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { makeCall } from "./records.ts";

describe("the call log's writer", () => {
  describeEachDatabase(({ openFreshDatabase }) => {
    it("has stored a call when append resolves, and stores every part of it", async () => {
      await using db = await openFreshDatabase();
      const writer = createCallLogWriter(db, silentLogger);
      const store = createCallLogStore(db);
      const call = makeCall({
        rawBody: Buffer.from('{"a": "ü"}'),
        requestQuery: "a=1",
        errorMessage: "bad",
        errorTraceback: "line 1",
        codeLog: [{ level: "info", text: "hello" }],
        durationMs: 12.34567,
        attempt: 3,
        test: true,
      });
      await writer.append(call);
      expect(await store.find(call.id)).toMatchObject({
        id: call.id,
        create_date: "2026-11-24T12:00:00.000Z",
        request_payload: { a: "ü" },
        raw_body: '{"a": "ü"}',
        request_query: "a=1",
        error_message: "bad",
        error_traceback: "line 1",
        code_log: [{ level: "info", text: "hello" }],
        duration_ms: 12.346,
        attempt: 3,
        test: true,
      });
    });

    it("keeps every byte of a body, and none", async () => {
      await using db = await openFreshDatabase();
      const writer = createCallLogWriter(db, silentLogger);
      const store = createCallLogStore(db);
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const [binary, empty, none] = [
        makeCall({ rawBody: bytes }),
        makeCall({ rawBody: new Uint8Array() }),
        makeCall({ rawBody: null }),
      ];
      await Promise.all([binary, empty, none].map(writer.append));
      expect(Buffer.from((await store.findRequest(binary.id))?.rawBody ?? [])).toEqual(Buffer.from(bytes));
      expect(await store.find(empty.id)).toMatchObject({ raw_body: "", raw_body_encoding: "utf8" });
      expect(await store.find(none.id)).toMatchObject({
        raw_body: null,
        raw_body_encoding: null,
        request_payload: null,
      });
    });

    it("stores text that PostgreSQL has trouble with: U+0000 and lone surrogates", async () => {
      await using db = await openFreshDatabase();
      const writer = createCallLogWriter(db, silentLogger);
      const call = makeCall({
        endpoint: "a\0b",
        errorMessage: "x\0\ud800y",
        requestHeaders: { X: "\0\udfff" },
        requestQuery: "\0",
      });
      await writer.append(call);
      const stored = await createCallLogStore(db).find(call.id);
      expect(stored?.error_message).toMatch(/^x.*y$/s);
    });

    it("writes a thousand calls at once, each once", async () => {
      await using db = await openFreshDatabase();
      const writer = createCallLogWriter(db, silentLogger);
      const calls = Array.from({ length: 1000 }, () => makeCall());
      await Promise.all(calls.map(writer.append));
      const rows = await db.main.selectFrom("webhook_logs").select("id").execute();
      expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(calls.map(({ id }) => id)));
      expect(rows).toHaveLength(1000);
    });
  });

  it("commits calls that finish together together, and those that come meanwhile with the next", async () => {
    const database = createHeldDatabase();
    const writer = createCallLogWriter(database, silentLogger);
    const first = [writer.append(makeCall()), writer.append(makeCall())];
    await database.waitForBatches(1);
    const second = Array.from({ length: 5 }, () => writer.append(makeCall()));
    expect(writer.waiting).toBe(7);
    database.release();
    await Promise.all(first);
    database.release();
    await Promise.all(second);
    expect(database.batches).toEqual([2, 5]);
    expect(writer.waiting).toBe(0);
  });

  it("is full when 64 MiB wait for a database that does not answer, and not when they are stored", async () => {
    const database = createHeldDatabase();
    const writer = createCallLogWriter(database, silentLogger);
    const rawBody = new Uint8Array(1024 * 1024);
    const calls = Array.from({ length: 63 }, () => writer.append(makeCall({ rawBody })));
    expect(writer.isFull).toBe(false);
    calls.push(writer.append(makeCall({ rawBody })));
    expect(writer.isFull).toBe(true);
    await database.waitForBatches(1);
    database.release();
    await Promise.all(calls);
    expect(writer.isFull).toBe(false);
  });

  it("splits what is too much for one commit", async () => {
    const database = createHeldDatabase();
    database.hold = false;
    const writer = createCallLogWriter(database, silentLogger);
    await Promise.all(Array.from({ length: 600 }, () => writer.append(makeCall())));
    expect(database.batches).toEqual([256, 256, 88]);
  });

  it("tries again when writing fails, and resolves only when the call is stored", async () => {
    const database = createHeldDatabase();
    database.hold = false;
    database.failures = 2;
    const { logger, lines } = collectingLogger();
    const writer = createCallLogWriter(database, logger);
    await writer.append(makeCall());
    expect(database.batches).toEqual([1]);
    expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(2);
  });

  it("gives up after four attempts: the call is answered, and the process's log names what was lost", async () => {
    const database = createHeldDatabase();
    database.hold = false;
    database.failures = 4;
    const { logger, lines } = collectingLogger();
    const writer = createCallLogWriter(database, logger);
    const call = makeCall();
    await writer.append(call);
    expect(lines.find((line) => line.startsWith("error"))).toContain(call.id);
    await writer.append(makeCall());
    expect(database.batches).toEqual([1]);
  });

  it("flush waits for all that was appended, and returns at once when nothing was", async () => {
    const database = createHeldDatabase();
    const writer = createCallLogWriter(database, silentLogger);
    await writer.flush();
    void writer.append(makeCall());
    let isFlushed = false;
    const flushed = writer.flush().then(() => (isFlushed = true));
    await database.waitForBatches(1);
    expect(isFlushed).toBe(false);
    database.release();
    await flushed;
    expect(writer.waiting).toBe(0);
  });
});

/** A database whose commits end when the test says so: a real one cannot be made to fail on demand. */
function createHeldDatabase() {
  let release: (() => void) | null = null;
  const held = {
    /** Rows of each commit that succeeded. */
    batches: [] as number[],
    started: 0,
    hold: true,
    failures: 0,
    async insertRows(_table: string, _columns: readonly string[], rows: readonly unknown[]): Promise<void> {
      held.started += 1;
      if (held.failures > 0) {
        held.failures -= 1;
        throw new Error("the database is away");
      }
      if (held.hold) await new Promise<void>((resolve) => (release = resolve));
      held.batches.push(rows.length);
    },
    release: () => release?.(),
    waitForBatches: (count: number) => expect.poll(() => held.started).toBeGreaterThanOrEqual(count),
  };
  return held satisfies Pick<Database, "insertRows">;
}

function collectingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const note = (level: string) => (details: unknown) => void lines.push(`${level} ${JSON.stringify(details)}`);
  const logger = { ...silentLogger, warn: note("warn"), error: note("error") } as unknown as Logger;
  return { logger, lines };
}
