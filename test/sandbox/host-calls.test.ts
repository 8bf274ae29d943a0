import { afterAll, describe, expect, it } from "vitest";
import { GuestError, type HostCallHandler, type Json } from "../../src/sandbox/sandbox.ts";
import { ASK, lines, openSandbox } from "./support.ts";

const test = await openSandbox();
const { sandbox, run, read } = test;
afterAll(() => sandbox.close(0));

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const echo: HostCallHandler = (_name, args) => Promise.resolve(args);

describe("a host call", () => {
  it("has its name, JSON arguments and a JSON answer", async () => {
    const calls: [string, Json][] = [];
    const onHostCall: HostCallHandler = (name, args) => {
      calls.push([name, args]);
      return Promise.resolve({ answer: [1, null, "é\ud800"] });
    };
    expect(await read("result['message'] = ask('a', {'b': [1.5, None]})", { inputs: ASK, onHostCall })).toEqual({
      answer: [1, null, "é\ud800"],
    });
    expect(calls).toEqual([["test.ask", ["a", { b: [1.5, null] }]]]);
  });

  it("works wherever Python calls functions", async () => {
    const source = lines(
      "def keyed(x): return ask(x)[0]",
      "gen = (ask(i) for i in range(2))",
      "result['message'] = [sorted([2, 1], key=keyed), list(map(ask, [1])), re.sub('a', lambda m: ask(m.group())[0] * 2, 'ba'),",
      "  json.dumps([{1}], default=lambda s: ask(len(s))), list(gen)]",
    );
    expect(await read(source, { inputs: ASK, onHostCall: echo })).toEqual([[1, 2], [[1]], "baa", "[[1]]", [[0], [1]]]);
  });

  it("raises what the host throws as GuestError, and only a general error for anything else", async () => {
    const onHostCall: HostCallHandler = (_name, args) => {
      const [type] = args as [string];
      if (type === "bug") throw new Error("internal detail");
      return Promise.reject(new GuestError(type, "told"));
    };
    expect(await run("ask('UserError')", { inputs: ASK, onHostCall })).toMatchObject({
      type: "UserError",
      message: "told",
      line: 1,
    });
    expect(
      await read("try: ask('UserError')\nexcept UserError as e: result['message'] = str(e)", {
        inputs: ASK,
        onHostCall,
      }),
    ).toBe("told");
    for (const type of ["AttributeError", "KeyError", "TypeError", "ValueError"])
      expect(
        await read(`try: ask('${type}')\nexcept ${type}: result['message'] = 'caught'`, { inputs: ASK, onHostCall }),
      ).toBe("caught");
    expect(await run("ask('Unheard')", { inputs: ASK, onHostCall })).toMatchObject({
      type: "HostError",
      message: "told",
    });
    expect(await run("ask('bug')", { inputs: ASK, onHostCall })).toMatchObject({
      type: "HostError",
      message: "test.ask failed",
    });
    expect(test.logged.at(-1)).toMatchObject({ message: "a host call failed", details: { call: "test.ask" } });
  });

  it("without a handler is refused", async () => {
    expect(await run("ask()", { inputs: ASK })).toMatchObject({
      type: "HostError",
      message: "test.ask is not available here",
    });
  });

  it.each([
    ["ask({1})", "TypeError"],
    ["ask(float('nan'))", "ValueError"],
    ["ask('x' * 7000000)", "ValueError"],
  ])("%s raises %s, and the runner is none the worse", async (source, type) => {
    const { restarts } = sandbox.status();
    expect(await run(source, { inputs: ASK, onHostCall: echo })).toMatchObject({ status: "raised", type });
    expect(sandbox.status().restarts).toBe(restarts);
  });

  it("keeps the exception that is being handled, while others raise theirs", async () => {
    const first = run("try:\n  raise ValueError('mine')\nexcept ValueError:\n  time.sleep(0.3)\n  raise");
    const second = run(
      "time.sleep(0.1)\ntry:\n  raise KeyError('other')\nexcept KeyError:\n  time.sleep(0.1)\n  raise TypeError('second')",
    );
    expect(await first).toMatchObject({ type: "ValueError", message: "mine" });
    expect(await second).toMatchObject({ type: "TypeError", message: "second" });
  });
});

describe("waiting", () => {
  it("is shared: a hundred runs that each wait twice take little longer than one", async () => {
    const onHostCall: HostCallHandler = async (_name, args) => {
      await pause(100);
      return args;
    };
    const startedAt = performance.now();
    const source = "result['message'] = [ask(n), ask(n + 1)]";
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        read(source, { inputs: { ...ASK, n: { kind: "json", value: n } }, onHostCall }),
      ),
    );
    expect(results).toEqual(Array.from({ length: 100 }, (_, n) => [[n], [n + 1]]));
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  it("time.sleep waits as long as it says and lets others run", async () => {
    const startedAt = performance.now();
    const sleeping = run("time.sleep(0.4)");
    expect(await read("result['message'] = 'meanwhile'")).toBe("meanwhile");
    expect(performance.now() - startedAt).toBeLessThan(390);
    expect(await sleeping).toMatchObject({ status: "completed" });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(395);
  });

  it.each([
    ["time.sleep(-1)", "ValueError"],
    ["time.sleep('1')", "TypeError"],
    ["time.sleep(0 * 1e999)", "ValueError"],
  ])("%s is %s", async (source, type) => {
    expect(await run(source)).toMatchObject({ status: "raised", type });
  });

  it("gives each run its own log and secrets", async () => {
    const source =
      "_logger.info(name)\ntime.sleep(0.05)\n_logger.info(name)\nhmac.compare_digest(#!cxtower.secret.KEY!#, 'guess ' + name)";
    const outcomes = await Promise.all(
      ["a", "b", "c"].map((name) =>
        run(source, {
          inputs: { name: { kind: "json", value: name } },
          secrets: { KEY: `guess ${name === "a" ? "?" : name}` },
        }),
      ),
    );
    expect(outcomes.map(({ log }) => log.map(({ text }) => text))).toEqual([
      ["a", "a"],
      ["b", "b"],
      ["c", "c"],
    ]);
    expect(outcomes.map(({ comparedWithSecret }) => comparedWithSecret)).toEqual([["guess a"], [], []]);
  });
});

describe("code that a run left behind", () => {
  it("cannot speak for another run", async () => {
    const calls: Json[] = [];
    const onHostCall: HostCallHandler = (_name, args) => {
      calls.push(args);
      return Promise.resolve(null);
    };
    const leave = lines(
      "def left(ask):",
      "  try: yield 1",
      "  finally: ask('left behind')",
      "cycle = [left(ask)]",
      "cycle.append(cycle)",
      "for x in cycle[0]: break",
    );
    await run(leave, { inputs: ASK, onHostCall });
    // Enough garbage to be collected, in a run that has a host.
    await run("ask('own')\nx = [[i] for i in range(200000)]\nask('own')", { inputs: ASK, onHostCall });
    expect(calls).toEqual([["own"], ["own"]]);
  });

  it("has what it raises in the log of its run, not in that of the tower", async () => {
    const source = lines(
      "def left():",
      "  try: yield 1",
      "  finally: raise UserError('no ' + #!cxtower.secret.KEY!#)",
      "for x in left(): break",
    );
    const before = test.logged.length;
    const { log, status } = await run(source, { secrets: { KEY: "s3cr3t" } });
    expect(status).toBe("completed");
    expect(log).toEqual([{ level: "error", text: "Exception ignored: UserError: no s3cr3t" }]);
    expect(test.logged.slice(before)).toEqual([]);
  });
});
