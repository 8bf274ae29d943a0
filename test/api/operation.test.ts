import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/api/metrics.ts";
import { startApi } from "./support.ts";

describe("health", () => {
  it("is alive and ready", async () => {
    await using api = await startApi();
    expect((await api.request(null, "GET", "/healthz")).json()).toEqual({ status: "ok" });
    const ready = await api.request(null, "GET", "/readyz");
    expect([ready.statusCode, ready.json()]).toEqual([
      200,
      { status: "ready", checks: { database: "ok", sandbox: "ok" } },
    ]);
  });

  it("says which part is not ready, also when the check itself breaks", async () => {
    const readiness = {
      database: () => Promise.reject(new Error("gone")),
      sandbox: () => false,
      other: () => true,
    };
    await using api = await startApi({ readiness });
    const answer = await api.request(null, "GET", "/readyz");
    expect([answer.statusCode, answer.json()]).toEqual([
      503,
      { status: "not_ready", checks: { database: "failing", sandbox: "failing", other: "ok" } },
    ]);
    expect((await api.request(null, "GET", "/healthz")).statusCode).toBe(200);
  });
});

describe("metrics", () => {
  it("counts calls, and reads the gauges when asked", async () => {
    const metrics = createMetrics({ withProcess: false });
    metrics.watch({ callLogQueue: () => 3, jobs: async () => [], sandbox: () => ({ runners: 2, restarts: 5 }) });
    metrics.callStarted();
    metrics.callStarted();
    const call = { httpStatus: 200, authentication: "success", code: "success", durationMs: 20 } as const;
    metrics.callFinished({ ...call, webhook: "deploy" });
    const text = await metrics.render();
    expect(text).toContain(
      'hooktower_calls_total{webhook="deploy",status="200",authentication="success",code="success"} 1',
    );
    expect(text).toContain("hooktower_calls_in_progress 1");
    expect(text).toContain('hooktower_call_duration_seconds_bucket{le="0.025"} 1');
    expect(text).toContain('hooktower_call_duration_seconds_bucket{le="0.01"} 0');
    expect(text).toContain("hooktower_call_log_queue 3");
    expect(text).toContain("hooktower_runners 2");
    expect(await metrics.render()).toContain("hooktower_runner_restarts_total 5");
  });

  it("shows jobs of each kind and state, and nothing of them while the database does not answer", async () => {
    const metrics = createMetrics({ withProcess: false });
    const answers = [
      Promise.resolve([{ kind: "plan_run", waiting: 1, taken: 2, failed: 3 }]),
      Promise.reject(new Error("away")),
    ];
    const jobs = () => answers.shift() ?? Promise.resolve([]);
    metrics.watch({ callLogQueue: () => 3, sandbox: () => ({ runners: 2, restarts: 5 }), jobs });
    const text = await metrics.render();
    expect(text.match(/^hooktower_jobs\{.*$/gm)).toEqual([
      'hooktower_jobs{kind="plan_run",state="waiting"} 1',
      'hooktower_jobs{kind="plan_run",state="taken"} 2',
      'hooktower_jobs{kind="plan_run",state="failed"} 3',
    ]);
    const without = await metrics.render();
    expect(without).not.toMatch(/^hooktower_jobs\{/m);
    expect(without).toContain("hooktower_call_log_queue 3");
  });

  it("keeps the number of series bounded", async () => {
    const metrics = createMetrics({ withProcess: false });
    const call = { httpStatus: 404, authentication: "failed", code: "skipped", durationMs: 1 } as const;
    for (let number = 0; number < 1200; number += 1) metrics.callFinished({ ...call, webhook: `w${number}` });
    metrics.callFinished({ ...call, webhook: null });
    const text = await metrics.render();
    expect(text.match(/^hooktower_calls_total\{/gm)).toHaveLength(1002);
    expect(text).toMatch(/webhook="other".* 200$/m);
    expect(text).toMatch(/webhook="",.* 1$/m);
  });

  it("has the metrics of the process", async () => {
    expect(await createMetrics().render()).toContain("process_cpu_seconds_total");
  });

  it("is open to the machine itself, and to tokens from elsewhere", async () => {
    await using api = await startApi();
    await api.addUser("user");
    const ask = (remoteAddress: string, headers = {}) => api.app.inject({ url: "/metrics", remoteAddress, headers });
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      const answer = await ask(address);
      expect([answer.statusCode, answer.headers["content-type"]]).toEqual([
        200,
        expect.stringMatching(/^text\/plain; version=/),
      ]);
    }
    expect((await ask("192.0.2.1")).statusCode).toBe(401);
    expect((await ask("127.0.0.1", { "x-forwarded-for": "192.0.2.1" })).statusCode).toBe(401);
    expect((await ask("127.0.0.1", { authorization: "Bearer wrong" })).statusCode).toBe(401);
    expect((await ask("192.0.2.1", { authorization: `Bearer ${api.tokens["user"]}` })).statusCode).toBe(200);
  });
});
