import { expect, it } from "vitest";
import { createCallLogWriter } from "../../src/calls/call-log.writer.ts";
import { createRetention } from "../../src/calls/retention.job.ts";
import type { Database } from "../../src/db/database.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { makeUser } from "../db/rows.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { makeCall } from "./records.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const DAY = 24 * 60 * 60 * 1000;

describeEachDatabase(({ openFreshDatabase }) => {
  it("removes calls that are older than the setting says, and no other", async () => {
    await using db = await openFreshDatabase();
    const { retention, write, countCalls } = start(db, 30);
    await write(600, { createDate: NOW - 31 * DAY });
    await write(1, { createDate: NOW - 30 * DAY - 1 });
    await write(1, { createDate: NOW - 30 * DAY });
    await write(10, { createDate: NOW });
    expect(await retention.run()).toEqual({ removed: 601 });
    expect(await countCalls()).toBe(11);
    expect(await retention.run()).toEqual({ removed: 0 });
  });

  it("follows the clock and the setting as they are when it runs", async () => {
    await using db = await openFreshDatabase();
    const { retention, write, countCalls, time, setting } = start(db, 30);
    await write(5, { createDate: NOW });
    time.now = NOW + 29 * DAY;
    expect(await retention.run()).toEqual({ removed: 0 });
    setting.days = 10;
    expect(await retention.run()).toEqual({ removed: 5 });
    expect(await countCalls()).toBe(0);
  });

  it("removes the calls of webhooks that are gone, not those of unknown endpoints or of others", async () => {
    await using db = await openFreshDatabase();
    const { retention, write, countCalls } = start(db, 30);
    const kept = await addWebhook(db, "kept");
    const gone = await addWebhook(db, "gone");
    const alsoGone = await addWebhook(db, "also_gone");
    await write(3, { webhookId: kept });
    await write(300, { webhookId: gone });
    await write(2, { webhookId: alsoGone });
    await write(4, { webhookId: null });
    expect(await retention.run()).toEqual({ removed: 0 });
    await db.changeConfiguration((trx) => trx.deleteFrom("webhooks").where("id", "in", [gone, alsoGone]).execute());
    expect(await retention.run()).toEqual({ removed: 302 });
    expect(await countCalls()).toBe(7);
  });

  it("goes in small steps: calls are logged meanwhile, none of them slowly, and none is lost", async () => {
    await using db = await openFreshDatabase();
    const { retention, write, countCalls } = start(db, 30);
    await write(3000, { createDate: NOW - 40 * DAY });
    const writer = createCallLogWriter(db, silentLogger);
    let isRunning = true;
    const running = retention.run().finally(() => (isRunning = false));
    let logged = 0;
    let slowest = 0;
    while (isRunning) {
      const startedAt = performance.now();
      await writer.append(makeCall({ createDate: NOW }));
      slowest = Math.max(slowest, performance.now() - startedAt);
      logged += 1;
    }
    expect(await running).toEqual({ removed: 3000 });
    expect(logged).toBeGreaterThan(20);
    expect(slowest).toBeLessThan(1000);
    expect(await countCalls()).toBe(logged);
  });

  it("runs when it starts, again when asked, and ends within a step when it is stopped", async () => {
    await using db = await openFreshDatabase();
    const { retention, write, countCalls } = start(db, 30);
    await write(5, { createDate: NOW - 40 * DAY });
    retention.start();
    await expect.poll(countCalls).toBe(0);
    await write(5, { createDate: NOW - 40 * DAY });
    retention.runSoon();
    await expect.poll(countCalls).toBe(0);
    await write(3000, { createDate: NOW - 40 * DAY });
    retention.runSoon();
    const startedAt = performance.now();
    await retention.stop();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(await countCalls()).toBeGreaterThan(0);
  });
});

function start(db: Database, days: number) {
  const time = { now: NOW };
  const setting = { days };
  const writer = createCallLogWriter(db, silentLogger);
  const retention = createRetention({
    db,
    clock: { now: () => time.now },
    logger: silentLogger,
    readDays: async () => setting.days,
  });
  return {
    retention,
    time,
    setting,
    async write(count: number, call: Parameters<typeof makeCall>[0]) {
      await Promise.all(Array.from({ length: count }, () => writer.append(makeCall(call))));
    },
    async countCalls() {
      const row = await db.main
        .selectFrom("webhook_logs")
        .select((of) => of.fn.countAll().as("count"))
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
  };
}

/** @returns the id of a webhook with authenticator and user of its own */
async function addWebhook(db: Database, reference: string): Promise<number> {
  return db.changeConfiguration(async (trx) => {
    const times = { create_date: NOW, write_date: NOW, create_uid: null };
    const user = await trx.insertInto("users").values(makeUser(reference)).returning("id").executeTakeFirstOrThrow();
    const authenticator = await trx
      .insertInto("webhook_authenticators")
      .values({ reference, name: reference, code: null, allowed_ip_addresses: null, trusted_proxy_ips: null, ...times })
      .returning("id")
      .executeTakeFirstOrThrow();
    const webhook = await trx
      .insertInto("webhooks")
      .values({
        reference,
        name: reference,
        active: 1,
        authenticator_id: authenticator.id,
        endpoint: reference,
        method: "post",
        content_type: "json",
        user_id: user.id,
        code: null,
        ...times,
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    return webhook.id;
  });
}
