import { expect, it } from "vitest";
import { createCallLogStore } from "../../src/calls/call-log.store.ts";
import { createCallLogWriter } from "../../src/calls/call-log.writer.ts";
import type { CallQuery, CallRecord } from "../../src/calls/call.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { describeEachDatabase, type TestDatabases } from "../support/databases.ts";
import { makeCall } from "./records.ts";

const NOON = Date.parse("2026-11-24T12:00:00Z");

describeEachDatabase(({ openFreshDatabase }) => {
  it("lists newest first, a page at a time, without repeating or leaving out one", async () => {
    await using log = await openLog(
      openFreshDatabase,
      Array.from({ length: 25 }, (_, index) => makeCall({ createDate: NOON + index })),
    );
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await log.store.list({ limit: 10, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
      // What comes in meanwhile is newer and stands in no later page.
      await log.add(makeCall({ createDate: NOON + 1000 }));
    } while (cursor !== undefined);
    expect(seen).toEqual(log.ids.toReversed());
  });

  it("gives a last page that is exactly full no cursor", async () => {
    await using log = await openLog(openFreshDatabase, [makeCall(), makeCall()]);
    expect((await log.store.list({ limit: 2 })).nextCursor).toBeNull();
    expect((await log.store.list({ limit: 1 })).nextCursor).not.toBeNull();
    expect((await log.store.list({ limit: 100_000 })).items).toHaveLength(2);
  });

  it.each(["", "x", "01a20e1a-90f1-7711-823b", "' or 1=1"])("refuses the cursor %j", async (cursor) => {
    await using log = await openLog(openFreshDatabase, []);
    await expect(log.store.list({ cursor })).rejects.toMatchObject({ code: "invalid" });
  });

  it("filters by each field, and by all that are given", async () => {
    await using log = await openLog(openFreshDatabase, [
      makeCall({ endpoint: "a", httpStatus: 200, createDate: NOON }),
      makeCall({
        endpoint: "b",
        httpStatus: 403,
        authenticationStatus: "failed",
        codeStatus: "skipped",
        createDate: NOON + 1,
      }),
      makeCall({ endpoint: "b", httpStatus: 500, codeStatus: "failed", createDate: NOON + 2 }),
      makeCall({ endpoint: "c", authenticationStatus: "not_required", createDate: NOON + 3 }),
    ]);
    const cases: Array<[CallQuery, number[]]> = [
      [{}, [3, 2, 1, 0]],
      [{ endpoint: "b" }, [2, 1]],
      [{ http_status: 200 }, [3, 0]],
      [{ authentication_status: "failed" }, [1]],
      [{ authentication_status: "not_required" }, [3]],
      [{ code_status: "failed" }, [2]],
      [{ since: NOON + 1 }, [3, 2, 1]],
      [{ until: NOON + 1 }, [0]],
      [{ since: NOON + 1, until: NOON + 3 }, [2, 1]],
      [{ endpoint: "b", http_status: 500 }, [2]],
      [{ endpoint: "b", http_status: 200 }, []],
      [{ webhook_id: "nope" }, []],
      [{ endpoint: "b' or '1'='1" }, []],
    ];
    for (const [query, expected] of cases) expect([query, await log.find(query)]).toEqual([query, expected]);
  });

  it("finds text in endpoint, headers, address, messages and body, whatever the case", async () => {
    await using log = await openLog(openFreshDatabase, [
      makeCall({ endpoint: "needle-one" }),
      makeCall({ requestHeaders: { "X-Event": "a Needle" } }),
      makeCall({ ipAddress: "198.51.100.77" }),
      makeCall({ resultMessage: "NEEDLE" }),
      makeCall({ errorMessage: "the needle broke" }),
      makeCall({ rawBody: Buffer.from('{"text": "Needle"}') }),
      makeCall({ rawBody: Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from("needle"), Buffer.of(0x80)]) }),
      makeCall({ endpoint: "haystack" }),
      makeCall({ rawBody: null }),
    ]);
    expect(await log.find({ search: "nEEdle" })).toEqual([6, 5, 4, 3, 1, 0]);
    expect(await log.find({ search: "100.77" })).toEqual([2]);
    expect(await log.find({ search: "needle", endpoint: "needle-one" })).toEqual([0]);
    expect(await log.find({ search: "nothing like it" })).toEqual([]);
  });

  it("takes % _ and \\ for what they are, in texts and in bodies", async () => {
    await using log = await openLog(openFreshDatabase, [
      makeCall({ resultMessage: "100% sure" }),
      makeCall({ resultMessage: "100 sure" }),
      makeCall({ resultMessage: "a_b" }),
      makeCall({ resultMessage: "axb" }),
      makeCall({ resultMessage: "c:\\dir" }),
      makeCall({ rawBody: Buffer.from("50% of x_y in d:\\temp") }),
      makeCall({ resultMessage: "'; drop table webhook_logs; --" }),
    ]);
    expect(await log.find({ search: "100%" })).toEqual([0]);
    expect(await log.find({ search: "a_b" })).toEqual([2]);
    expect(await log.find({ search: "c:\\d" })).toEqual([4]);
    expect(await log.find({ search: "50%" })).toEqual([5]);
    expect(await log.find({ search: "x_y" })).toEqual([5]);
    expect(await log.find({ search: "d:\\temp" })).toEqual([5]);
    expect(await log.find({ search: "'; drop" })).toEqual([6]);
    expect(await log.find({ search: "%" })).toEqual([5, 0]);
  });

  it("finds words that are not ASCII in texts and in bodies", async () => {
    await using log = await openLog(openFreshDatabase, [
      makeCall({ resultMessage: "größe 😀" }),
      makeCall({ rawBody: Buffer.from('{"text": "größe 😀"}') }),
      makeCall({ resultMessage: "Österreich" }),
      makeCall({ rawBody: Buffer.from('{"text": "Österreich"}') }),
    ]);
    expect(await log.find({ search: "größe" })).toEqual([1, 0]);
    expect(await log.find({ search: "Österreich" })).toEqual([3, 2]);
    expect(await log.find({ search: "😀" })).toEqual([1, 0]);
  });

  it("follows: null gives the newest call, and an id those after it, oldest first", async () => {
    await using log = await openLog(
      openFreshDatabase,
      Array.from({ length: 5 }, (_, index) => makeCall({ createDate: NOON + index })),
    );
    expect((await log.store.listAfter(null, 10)).map(({ id }) => id)).toEqual([log.ids[4]]);
    expect((await log.store.listAfter(log.ids[1] ?? "", 10)).map(({ id }) => id)).toEqual(log.ids.slice(2));
    expect((await log.store.listAfter(log.ids[1] ?? "", 2)).map(({ id }) => id)).toEqual(log.ids.slice(2, 4));
    expect(await log.store.listAfter(log.ids[4] ?? "", 10)).toEqual([]);
  });

  it("finds nothing under an id that is none", async () => {
    await using log = await openLog(openFreshDatabase, [makeCall()]);
    for (const id of ["", "nope", "\0", "' or 1=1"]) {
      expect(await log.store.find(id)).toBeNull();
      expect(await log.store.findRequest(id)).toBeNull();
    }
  });
});

/** A log with these calls, in this order. */
async function openLog(open: TestDatabases["openFreshDatabase"], calls: readonly CallRecord[]) {
  const db = await open();
  const writer = createCallLogWriter(db, silentLogger);
  const store = createCallLogStore(db);
  for (const call of calls) await writer.append(call);
  const ids = calls.map(({ id }) => id);
  return {
    store,
    ids,
    add: writer.append,
    /** Which of the calls fit, newest first. */
    find: async (query: CallQuery) => (await store.list(query)).items.map(({ id }) => ids.indexOf(id)),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}
