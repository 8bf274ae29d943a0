import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createSsh } from "../../../src/tower/ssh/create-ssh.ts";
import { describeOpenSsh, findProcesses, startOpenSsh, type OpenSshServer } from "../../support/openssh.ts";

/** Processes are looked for until then; a busy machine takes its time. */
const WAIT = { timeout: 10_000 };

describeOpenSsh("commands on OpenSSH", () => {
  let server: OpenSshServer;
  const ssh = createSsh();

  beforeAll(async () => {
    server = await startOpenSsh();
  });
  afterAll(async () => {
    await ssh.close();
    await server[Symbol.asyncDispose]();
  });

  const run = (line: string, more: object = {}) => ssh.exec(server.target, { lines: [line], ...more });

  it("give their output and status", async () => {
    expect(await run("echo out; echo err >&2; exit 3")).toEqual({
      status: 3,
      signal: null,
      stdout: "out\n",
      stderr: "err\n",
      cut: { stdout: 0, stderr: 0 },
    });
  });

  it("read what they are given, and then see the end of it", async () => {
    expect(await run("cat; echo end", { stdin: "línea\n" })).toMatchObject({ stdout: "línea\nend\n", status: 0 });
    expect(await run("cat; echo end")).toMatchObject({ stdout: "end\n", status: 0 });
    const large = Buffer.alloc(5_000_000, "x");
    expect(await run("wc -c", { stdin: large })).toMatchObject({ stdout: "5000000\n" });
    // A command that does not read what it is given.
    expect(await run("exit 4", { stdin: large })).toMatchObject({ status: 4 });
  });

  it("that a signal ends have 128 and its number", async () => {
    expect(await run("kill -TERM $$")).toMatchObject({ status: 143, signal: "TERM" });
  });

  it("stop at the first line that fails", async () => {
    const result = await ssh.exec(server.target, { lines: ["echo a", "echo b; exit 5", "echo c"] });
    expect(result).toMatchObject({ status: 5, stdout: "a\nb\n" });
  });

  it("show their output while they run, without broken characters", async () => {
    const seen: string[] = [];
    const { promise: first, resolve } = Promise.withResolvers<void>();
    const onOutput = (text: string, stream: string) => {
      seen.push(`${stream}:${text}`);
      resolve();
    };
    const file = `${server.dir}/go`;
    const line = `printf 'a\\303'; while [ ! -e ${file} ]; do sleep 0.05; done; printf '\\266\\377'; echo x >&2`;
    const running = run(line, { onOutput });
    await first;
    expect(seen).toEqual(["stdout:a"]);
    await run(`touch ${file}`);
    expect(await running).toMatchObject({ stdout: "aö\uFFFD", stderr: "x\n" });
    expect(seen.filter((text) => text.startsWith("stdout")).join("")).toContain("ö");
  });

  it("cannot fill the memory", async () => {
    const flood = (mb: number) =>
      run(`printf BEGIN; head -c ${mb}000000 /dev/zero | tr '\\0' x; printf END; yes error | head -c 300000 >&2`, {
        maxOutputBytes: 100_000,
      });
    // The first time the heap grows to what streams need.
    expect((await flood(50)).stdout).toMatch(/^BEGINx+\n… 49,900,008 bytes cut …\nx+END$/);
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    const { cut } = await flood(200);
    clearInterval(watch);
    expect(cut).toEqual({ stdout: 199_900_008, stderr: 200_000 });
    expect((most - before) / 1024 ** 2).toBeLessThan(100);
  });

  it.each([
    ["a process", (mark: string) => `sleep ${mark}`],
    ["a pipeline", (mark: string) => `sleep ${mark} | sleep ${mark} | cat`],
    [
      "what ignores the end of its input and SIGTERM",
      (mark: string) => `trap '' TERM HUP; sleep ${mark}; sleep ${mark}`,
    ],
    ["a background process", (mark: string) => `sleep ${mark} & sleep ${mark}`],
  ])("end on the server when time is up: %s", async (_, makeLine) => {
    const mark = String(1000 + Math.random());
    const time = new AbortController();
    const { promise: printed, resolve: onOutput } = Promise.withResolvers<unknown>();
    const running = run(`echo started; ${makeLine(mark)}`, { signal: time.signal, onOutput });
    const failure = expect(running).rejects.toMatchObject({
      code: "timeout",
      message: "Command timed out and was terminated",
      output: { stdout: "started\n", stderr: "" },
    });
    await printed;
    await vi.waitFor(() => expect(findProcesses(`sleep ${mark}`)).not.toEqual([]), WAIT);
    time.abort(new DOMException("time is up", "TimeoutError"));
    await failure;
    await vi.waitFor(() => expect(findProcesses(`sleep ${mark}`)).toEqual([]), WAIT);
  });

  it("end on the server when the caller wants it", async () => {
    const mark = String(1000 + Math.random());
    const stop = new AbortController();
    const running = run(`sleep ${mark}`, { signal: stop.signal });
    running.catch(() => undefined);
    await vi.waitFor(() => expect(findProcesses(`sleep ${mark}`)).toHaveLength(1), WAIT);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "aborted", message: "Command stopped" });
    expect(findProcesses(`sleep ${mark}`)).toEqual([]);
  });

  it("say after which time they were ended", async () => {
    await expect(run("sleep 1000", { timeoutMs: 1500 })).rejects.toMatchObject({
      code: "timeout",
      message: "Command timed out and was terminated (after 1.5 s)",
    });
  });

  it("that were stopped before do not begin", async () => {
    const file = `${server.dir}/never`;
    await expect(run(`touch ${file}`, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    expect(await ssh.findFile(server.target, file)).toBeNull();
  });

  it("fail with what they had printed when the connection is lost", async () => {
    const running = run("echo begun; sleep 1000", { onOutput: () => server.killConnections() });
    await expect(running).rejects.toMatchObject({
      code: "connection_lost",
      output: { stdout: "begun\n" },
    });
    expect(await run("echo again")).toMatchObject({ stdout: "again\n" });
  });

  it("cannot have NUL in them", async () => {
    await expect(run("echo \0")).rejects.toMatchObject({ code: "invalid" });
  });
});
