import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RAN, startTestTower, type TestTower } from "../support/tower.ts";

const MAX_CALLS = 60;
const MAX_BODY = 65_536;

/** What keeps one call, webhook or stranger from taking what the others need. */
describe("limits", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower({
      HOOKTOWER_MAX_CALLS_PER_WEBHOOK: String(MAX_CALLS),
      HOOKTOWER_MAX_BODY_BYTES: String(MAX_BODY),
      HOOKTOWER_CPU_LIMIT_MS: "300",
      HOOKTOWER_WALL_LIMIT_MS: "2500",
    });
  }, 60_000);
  afterAll(async () => tower[Symbol.asyncDispose]());

  /** A trivial webhook answers 200, at the latest when a runner has been replaced. */
  async function expectAlive(): Promise<void> {
    const { endpoint } = await tower.addWebhook();
    await expect.poll(async () => (await tower.call(endpoint)).status, { timeout: 10_000 }).toBe(200);
  }

  describe("of a body", () => {
    it("are kept to the byte: the largest is taken, one more is 413, logged without its bytes", async () => {
      const { endpoint, reference } = await tower.addWebhook();
      expect((await tower.call(endpoint, { body: "x".repeat(MAX_BODY) })).status).toBe(200);
      const answer = await tower.call(endpoint, { body: "x".repeat(MAX_BODY + 1) });
      expect([answer.status, answer.message]).toEqual([413, `The body is larger than ${MAX_BODY} bytes`]);
      expect(await tower.logOf(answer)).toMatchObject({
        webhook_id: reference,
        http_status: 413,
        authentication_status: "failed",
        code_status: "skipped",
        raw_body: "",
      });
    });

    it("hold for a body that does not say how large it is", async () => {
      const { endpoint } = await tower.addWebhook();
      const chunks = ReadableStream.from(Array.from({ length: 40 }, () => Buffer.alloc(4096, "x")));
      const answer = await fetch(`${tower.url}/cetmix_tower_webhooks/${endpoint}`, {
        method: "POST",
        body: chunks,
        duplex: "half",
      }).catch((error: unknown) => error);
      // The sender is told, or cut off while it still writes; both are an end.
      if (answer instanceof Response) expect(answer.status).toBe(413);
      expect(await tower.lastCall({ endpoint })).toMatchObject({ http_status: 413 });
    });
  });

  describe("of calls in progress", () => {
    it("are kept per webhook: one more is 503 with Retry-After, and is logged", async () => {
      const { endpoint } = await tower.addWebhook({ code: "time.sleep(0.5)" });
      const { endpoint: other } = await tower.addWebhook();
      const calls = Array.from({ length: MAX_CALLS + 10 }, () => tower.call(endpoint));
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await tower.call(other)).status).toBe(200);
      const answers = await Promise.all(calls);
      const refused = answers.filter(({ status }) => status === 503);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(MAX_CALLS);
      expect(refused).toHaveLength(10);
      for (const answer of refused) {
        expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
        expect(await tower.logOf(answer)).toMatchObject({ http_status: 503, code_status: "skipped" });
      }
      expect((await tower.call(endpoint)).status).toBe(200);
    });

    it("that wait do not hold up others: 50 that sleep 0.3 s end within 2 s, and a quick one answers meanwhile", async () => {
      const slow = await tower.addWebhook({ code: 'time.sleep(0.3)\nresult = {"message": "slept"}' });
      const quick = await tower.addWebhook();
      const startedAt = performance.now();
      const sleeping = Promise.all(Array.from({ length: 50 }, () => tower.call(slow.endpoint)));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const quickAt = performance.now();
      expect((await tower.call(quick.endpoint)).status).toBe(200);
      expect(performance.now() - quickAt).toBeLessThan(250);
      expect((await sleeping).map(({ message }) => message)).toEqual(Array(50).fill("slept"));
      expect(performance.now() - startedAt).toBeLessThan(2000);
    });
  });

  describe("of a run", () => {
    const ENDLESS: ReadonlyArray<readonly [string, string, RegExp]> = [
      ["a loop that never ends", "while True:\n    pass", /comput|300 ms/],
      [
        "a loop that catches everything",
        "while True:\n    try:\n        while True:\n            pass\n    except Exception:\n        pass",
        /comput|300 ms/,
      ],
      ["one operation that never yields", "n = 9 ** 9 ** 9", /./],
      ["a regular expression that backtracks for ever", 're.match("(a+)+$", "a" * 40 + "b")', /./],
      ["a sleep longer than the whole", "time.sleep(60)", /2500 ms/],
      ["8 GiB of text", 'x = "x" * (8 * 1024 ** 3)', /[Mm]emory|Overflow/],
      ["a list that grows for ever", "x = []\nwhile True:\n    x.append([0] * 100000)", /[Mm]emory|comput|300 ms/],
      ["recursion without end", "def f():\n    return f()\nf()", /Recursion/],
    ];

    it.each(ENDLESS)(
      "end %s: a webhook fails, and the next call is fine",
      async (_name, code, words) => {
        const { endpoint } = await tower.addWebhook({ code });
        const startedAt = performance.now();
        const answer = await tower.call(endpoint);
        expect(answer.status).toBe(500);
        expect(performance.now() - startedAt).toBeLessThan(8000);
        const log = await tower.logOf(answer);
        expect(log).toMatchObject({ authentication_status: "success", code_status: "failed" });
        expect(log.error_message).toMatch(words);
        await expectAlive();
      },
      30_000,
    );

    it.each(ENDLESS.slice(0, 3))(
      "end %s: an authenticator denies",
      async (_name, authenticator) => {
        const { endpoint } = await tower.addWebhook({ authenticator });
        const answer = await tower.call(endpoint);
        expect(answer.status).toBe(403);
        expect(await tower.logOf(answer)).toMatchObject({ authentication_status: "failed", code_status: "skipped" });
        await expectAlive();
      },
      30_000,
    );

    it("end the interpreter itself, by a fatal error, only for the call that did it", async () => {
      const { endpoint } = await tower.addWebhook({
        code: "x = []\nfor i in range(100000):\n    x = [x]\nresult = {'message': repr(x)}",
      });
      const answer = await tower.call(endpoint);
      expect([500, 503]).toContain(answer.status);
      if (answer.status === 503) expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
      await expectAlive();
    }, 30_000);

    it("end log lines without end: they are cut, and the call goes on", async () => {
      const { endpoint } = await tower.addWebhook({
        code: 'for i in range(2000):\n    _logger.info("x" * 1000)\nresult = {"message": "done"}',
      });
      const answer = await tower.call(endpoint);
      expect(answer.message).toBe("done");
      expect(JSON.stringify((await tower.logOf(answer)).code_log).length).toBeLessThan(200_000);
    });
  });

  it("of unknown endpoints: only so many rows are written, while known webhooks are all logged", async () => {
    const { endpoint } = await tower.addWebhook({ code: RAN });
    const strangers = await Promise.all(Array.from({ length: 300 }, (_, index) => tower.call(`scan-${index}`)));
    expect(strangers.every(({ status }) => status === 404)).toBe(true);
    const known = await Promise.all(Array.from({ length: 30 }, () => tower.call(endpoint)));
    const { items } = await tower.must<{ items: Array<{ endpoint: string }> }>(
      "GET",
      "/webhook-logs?http_status=404&limit=500",
    );
    const scans = items.filter((item) => item.endpoint.startsWith("scan-"));
    expect(scans.length).toBeGreaterThan(50);
    expect(scans.length).toBeLessThan(150);
    for (const answer of known) expect((await tower.logOf(answer)).http_status).toBe(200);
  });
});
