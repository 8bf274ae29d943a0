import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GatedOutcome, Input, Json, RunRequest } from "../../src/sandbox/sandbox.ts";
import { ASK, bodyInput, openSandbox, prepare, type TestSandbox } from "./support.ts";

let test: TestSandbox;
beforeAll(async () => {
  test = await openSandbox();
});
afterAll(() => test[Symbol.asyncDispose]());

const READINGS = { allowed: "truth", message: "json" } as const;

type Options = Partial<Omit<RunRequest, "program">>;

/** Runs two sources, the second behind the gate `allowed` of the first. */
function runGated(gate: string, code: string, options: { gate?: Options; code?: Options } = {}): Promise<GatedOutcome> {
  const request = (source: string, more: Options | undefined): RunRequest => ({
    program: prepare(test.sandbox, source, READINGS, { allowed: false, message: null }),
    inputs: {},
    secrets: new Map(),
    ...more,
  });
  return test.sandbox.runGated(request(gate, options.gate), "allowed", request(code, options.code));
}

function readMessage({ second }: GatedOutcome): Json {
  if (second?.status !== "completed") throw new Error(`not completed: ${JSON.stringify(second)}`);
  const message = second.result["message"];
  return typeof message === "object" && message !== null ? (JSON.parse(message.json) as Json) : null;
}

const OPEN = "result['allowed'] = True";

describe("a run behind a gate", () => {
  it("begins when the gate is open", async () => {
    const outcome = await runGated(OPEN, "result['message'] = 'in'");
    expect(outcome.first).toMatchObject({ status: "completed", result: { allowed: true } });
    expect(readMessage(outcome)).toBe("in");
  });

  it("gets its inputs as they came, whatever the first did to them", async () => {
    const inputs: Record<string, Input> = {
      payload: { kind: "json", value: { a: ["b"] } },
      body: bodyInput('{"a": ["b"]}'),
      user: { kind: "record", model: "res.users", fields: { id: 1, tags: ["b"] } },
      headers: { kind: "headers", entries: [["A", "b"]] },
    };
    const change =
      "for x in [payload, body]:\n  x['a'].append('c')\n  x['d'] = 'e'\nuser.tags.append('c')\nheaders['A'] = 'c'";
    const outcome = await runGated(
      `${change}\n${OPEN}`,
      "result['message'] = [payload, body, user.tags, headers['A']]",
      { gate: { inputs }, code: { inputs } },
    );
    expect(readMessage(outcome)).toEqual([{ a: ["b"] }, { a: ["b"] }, ["b"], "b"]);
  });

  it.each([
    ["denies", "pass", { status: "completed", result: { allowed: false } }],
    ["raises", `${OPEN}\nresult['x'] = 1 / 0`, { status: "raised", type: "ZeroDivisionError" }],
    ["breaks a rule", `${OPEN}\nimport os`, { status: "refused" }],
    ["leaves no dict", "result = True", { status: "raised", type: "ResultError" }],
    ["computes too long", `${OPEN}\nwhile True: pass`, { status: "limit", limit: "cpu" }],
    ["waits too long", `${OPEN}\ntime.sleep(60)`, { status: "limit", limit: "wall" }],
    ["says too much", `${OPEN}\nresult['message'] = 'x' * 5000000`, { status: "limit", limit: "result" }],
  ])("does not begin when the first %s", async (_what, gate, first) => {
    let called = false;
    const onHostCall = () => {
      called = true;
      return Promise.resolve(null);
    };
    const outcome = await runGated(gate, "ask()", {
      gate: { limits: { cpuMs: 300, wallMs: 1_500 } },
      code: { inputs: ASK, onHostCall },
    });
    expect(outcome.second).toBeNull();
    expect(outcome.first).toMatchObject(first);
    expect(called).toBe(false);
    expect(test.sandbox.status().running).toBe(0);
  });

  it("sees nothing of the first, not even in inputs that both were given", async () => {
    const headers: Input = { kind: "headers", entries: [["X-One", "1"]] };
    const payload = bodyInput('{"list": [1]}');
    const inputs = { headers, payload };
    const gate = `payload["list"].append(2)\nheaders["X-Two"] = "2"\nleft = 1\n${OPEN}`;
    const code = "result['message'] = [payload, dict(headers), 'left' in [str(x) for x in headers]]";
    const outcome = await runGated(gate, code, { gate: { inputs }, code: { inputs } });
    expect(readMessage(outcome)).toEqual([{ list: [1] }, { "X-One": "1" }, false]);
    expect((await runGated(`left = 1\n${OPEN}`, "result['message'] = left")).second).toMatchObject({
      status: "raised",
      type: "NameError",
    });
  });

  it("has its own secrets, limits and host calls", async () => {
    const secret = "#!cxtower.secret.A!#";
    const outcome = await runGated(`result['allowed'] = ask(${secret}) == 1`, `result['message'] = ask(${secret})`, {
      gate: { inputs: ASK, secrets: new Map([["A", "first"]]), onHostCall: (_name, args) => answer(1, args) },
      code: { inputs: ASK, secrets: new Map([["A", "second"]]), onHostCall: (_name, args) => answer(2, args) },
    });
    expect(asked).toEqual([
      [1, ["first"]],
      [2, ["second"]],
    ]);
    expect(readMessage(outcome)).toBe(2);
    const late = await runGated(OPEN, "while True: pass", {
      gate: { limits: { cpuMs: 5_000 } },
      code: { limits: { cpuMs: 100 } },
    });
    expect(late).toMatchObject({ first: { status: "completed" }, second: { status: "limit", limit: "cpu" } });
  });

  it("takes the blame for what it does to the runner", async () => {
    const outcome = await runGated(OPEN, "x = 9 ** 9 ** 9", { code: { limits: { cpuMs: 200 } } });
    expect(outcome).toMatchObject({
      first: { status: "completed", result: { allowed: true } },
      second: { status: "limit", limit: "cpu" },
    });
  });

  it("begins after a first that waited, and may wait too", async () => {
    const outcome = await runGated(`time.sleep(0.05)\n${OPEN}`, "time.sleep(0.05)\nresult['message'] = 'later'");
    expect(readMessage(outcome)).toBe("later");
    const many = Array.from({ length: 50 }, (_, n) =>
      runGated(`time.sleep(0.01)\n${OPEN}`, `result['message'] = ${n}`),
    );
    expect((await Promise.all(many)).map(readMessage)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });
});

const asked: [number, Json][] = [];
function answer(who: number, args: Json): Promise<Json> {
  asked.push([who, args]);
  return Promise.resolve(who);
}
