import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEchoServer } from "../support/echo-server.ts";
import { ALLOW, RAN, startTestTower, type ApiAnswer, type TestTower } from "../support/tower.ts";
import { asList, readCases, readSteps, toCallInit, type Case, type Expectation, type Need, type Step } from "./case.ts";

/** What the product has of what cases need. */
const DELIVERED: Readonly<Record<Need, boolean>> = {
  echo: true,
  psl: true,
  dns: true,
  records: true,
  variables: true,
};

/** It names a need, but holds without it. */
const HOLDS_ANYWAY = new Set(["A30-uid-is-int"]);

const CASES = readCases(new URL("./python-sample.jsonl", import.meta.url));

describe("snippets as users write them", () => {
  let tower: TestTower;
  let echo: Awaited<ReturnType<typeof startEchoServer>>;
  beforeAll(async () => {
    echo = await startEchoServer();
    tower = await startTestTower({ HOOKTOWER_EGRESS_ALLOW_PRIVATE: "true" });
  }, 60_000);
  afterAll(async () => {
    await tower[Symbol.asyncDispose]();
    await echo[Symbol.asyncDispose]();
  });

  for (const sample of CASES) {
    const title = `${sample.id}: ${sample.why}`;
    const missing = findMissing(sample);
    if (missing.length > 0)
      it.skip(`${title} (needs ${missing.join(", ")}, which the product does not have yet)`, () => undefined);
    else it(title, () => holds(sample), ((sample.max_seconds ?? 10) + 30) * 1000);
  }

  it("none is left out", () => {
    expect(CASES.filter((sample) => findMissing(sample).length > 0)).toEqual([]);
  });

  async function holds(sample: Case): Promise<void> {
    await using _values = await makeValues(tower, sample);
    const [first, ...later] = readSteps(sample);
    if (!first) throw new Error(`${sample.id} has no steps`);
    const saved = await saveFirst(sample, first);
    if (isRefusedAsExpected(saved, first.expect)) return;
    expect(saved.status, saved.text).toBe(201);
    await check(sample, first);
    for (const step of later) {
      await tower.must("PATCH", `/${collectionOf(sample)}/${referenceOf(sample)}`, { code: withEcho(step.code) });
      await check(sample, step);
    }
    if (!sample.then_alive) return;
    const trivial = await tower.addWebhook();
    expect((await tower.call(trivial.endpoint)).status).toBe(200);
  }

  /** Saves authenticator and webhook; the answer is that of whichever holds the case's code. */
  async function saveFirst(sample: Case, { code, request }: Step): Promise<ApiAnswer> {
    const reference = referenceOf(sample);
    const isWebhook = sample.kind === "webhook";
    const authenticator = await tower.api("POST", "/webhook-authenticators", {
      name: sample.id,
      reference,
      code: isWebhook ? ALLOW : withEcho(code),
      ...sample.authenticator,
    });
    if (authenticator.status !== 201) return authenticator;
    return tower.api("POST", "/webhooks", {
      name: sample.id,
      reference,
      authenticator_id: reference,
      endpoint: sample.endpoint ?? reference,
      method: sample.webhook_method ?? request.method.toLowerCase(),
      content_type: sample.content_type ?? "json",
      active: sample.active ?? true,
      code: isWebhook ? withEcho(code) : (sample.webhook_code ?? RAN),
      ...(sample.run_as !== undefined && { user_id: sample.run_as }),
    });
  }

  async function check(sample: Case, { request, expect: expected }: Step): Promise<void> {
    const startedAt = performance.now();
    const answer = await tower.call(
      sample.call_endpoint ?? sample.endpoint ?? referenceOf(sample),
      toCallInit(request),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const log = await tower.logOf(answer);
    const message = typeof answer.message === "string" ? answer.message : JSON.stringify(answer.message);
    const error = (log.error_message ?? "").toLowerCase();
    const row = JSON.stringify(log);

    if (expected.http_status !== undefined) expect(answer.status, answer.text).toBe(expected.http_status);
    if (expected.http_status_any) expect(expected.http_status_any).toContain(answer.status);
    if ("message_equals" in expected) expect(answer.message).toEqual(expected.message_equals);
    for (const words of asList(expected.message_contains)) expect(message).toContain(words);
    for (const words of asList(expected.message_not_contains)) expect(message).not.toContain(words);
    if (expected.message_starts_with !== undefined)
      expect(message.startsWith(expected.message_starts_with), message).toBe(true);
    if (expected.message_length !== undefined) expect([...message]).toHaveLength(expected.message_length);
    if (expected.auth_status !== undefined) expect(log.authentication_status).toBe(expected.auth_status);
    if (expected.code_status !== undefined) expect(log.code_status).toBe(expected.code_status);
    for (const words of asList(expected.error_contains)) expect(error).toContain(words.toLowerCase());
    if (expected.error_contains_any) expect(mentionsAny(error, expected.error_contains_any), error).toBe(true);
    for (const words of expected.log_not_contains ?? []) expect(row).not.toContain(words);
    if (expected.log_result_message !== undefined) expect(log.result_message).toBe(expected.log_result_message);
    if (sample.max_seconds !== undefined) expect(seconds).toBeLessThan(sample.max_seconds);
  }

  function withEcho(code: string): string {
    return code.replaceAll("{{ECHO}}", echo.url);
  }
});

/**
 * Code that must be refused may be refused when it is saved already, in the words that the log
 * would have: nothing ran, and whoever wrote it learns it sooner.
 */
function isRefusedAsExpected(saved: ApiAnswer, expected: Expectation): boolean {
  if (saved.status !== 422 || (expected.http_status !== 500 && expected.http_status !== 403)) return false;
  const text = saved.text.toLowerCase();
  const all = asList(expected.error_contains);
  const any = expected.error_contains_any ?? [];
  if (all.length + any.length === 0) return false;
  return all.every((words) => text.includes(words.toLowerCase())) && (any.length === 0 || mentionsAny(text, any));
}

function mentionsAny(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.includes(word.toLowerCase()));
}

function findMissing(sample: Case): readonly string[] {
  if (HOLDS_ANYWAY.has(sample.id)) return [];
  return (sample.needs ?? []).filter((need) => !DELIVERED[need]);
}

/** Secrets, variables and records that a case needs; disposing of them makes room for the next case's. */
async function makeValues(tower: TestTower, sample: Case): Promise<AsyncDisposable> {
  const made: string[] = [];
  async function make(collection: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    const { reference } = await tower.must<{ reference: string }>("POST", `/${collection}`, values);
    made.unshift(`/${collection}/${reference}`);
  }
  for (const [reference, value] of Object.entries(sample.secrets)) {
    await make("keys", { name: reference, reference, secret_value: value });
  }
  const variables = Object.entries(sample.variables ?? {}).map(([reference, value]) => ({
    reference,
    name: reference,
    global_value: value,
  }));
  for (const [collection, records] of [...Object.entries(sample.fixtures ?? {}), ["variables", variables] as const]) {
    for (const { global_value: value, ...record } of records) {
      await make(collection, record);
      if (value !== undefined && value !== null)
        await make("variable-values", { variable_id: record["reference"], value_char: value });
    }
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const path of made) await tower.must("DELETE", path);
    },
  };
}

function collectionOf(sample: Case): string {
  return sample.kind === "webhook" ? "webhooks" : "webhook-authenticators";
}

function referenceOf(sample: Case): string {
  return sample.id.toLowerCase().replaceAll("-", "_");
}
