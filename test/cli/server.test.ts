import { createHmac } from "node:crypto";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCommandLine, type CommandLine, type Running } from "./support.ts";

const EXAMPLES = resolve(import.meta.dirname, "../../examples");
const BODY = '{"ref": "refs/heads/main", "repository": {"full_name": "acme/site"}}';

let line: CommandLine;
let server: Running;
let url: string;
beforeAll(async () => {
  line = await openCommandLine();
  server = line.start(["serve"], { HOOKTOWER_PORT: "0" });
  url = /Hooktower is at (\S+)/.exec(await server.waitFor("API:"))?.[1] ?? "";
  // The interpreter's start image is built once; commands that check code use it, too.
  while ((await fetch(`${url}/readyz`)).status !== 200) await sleep(200);
}, 60_000);
afterAll(() => line[Symbol.asyncDispose]());

/** As a sender calls: status and message. */
async function post(endpoint: string, body: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${url}/cetmix_tower_webhooks/${endpoint}`, { method: "POST", body, headers });
  return `${response.status} ${((await response.json()) as { message: string }).message}`;
}

function sign(secret: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

test("the examples do what their comments say, on a server that is running", { timeout: 90_000 }, async () => {
  const files = ["github-push.yaml", "api-key.yaml"].map((file) => `${EXAMPLES}/${file}`);
  const imported = await line.run(["import", ...files]);
  expect(imported.stdout).not.toContain("ignored");
  expect(imported.stderr).toBe(
    ["GITHUB_WEBHOOK", "ALERT_API_KEY"]
      .map((key) => `hooktower: Secret ${key} has no value yet: set it with "hooktower key set ${key}"\n`)
      .join(""),
  );
  expect(imported.code).toBe(0);

  const push = { "X-GitHub-Event": "push", "X-Hub-Signature-256": sign("mysecret", BODY) };
  // A server hears of changes that another process made within a second or so.
  const soon = { timeout: 10_000, interval: 100 };
  await expect.poll(() => post("github/push", BODY, push), soon).toBe("503 The secret is not set");
  await line.run(["key", "set", "GITHUB_WEBHOOK"], { input: "mysecret\n" });
  await line.run(["key", "set", "ALERT_API_KEY"], { input: "k3y" });
  await expect.poll(() => post("github/push", BODY, push), soon).toBe("200 deploying acme/site@main");

  expect(await post("github/push", BODY, { ...push, "X-Hub-Signature-256": sign("other", BODY) })).toBe(
    "401 Invalid signature",
  );
  expect(await post("github/push", BODY, { ...push, "X-Hub-Signature-256": "\u00e9" })).toBe("401 Invalid signature");
  expect(await post("github/push", BODY, { "X-GitHub-Event": "push" })).toBe("401 Missing signature");
  for (const [event, body, message] of [
    ["ping", '{"zen": "Keep it logically awesome."}', "pong"],
    ["issues", "{}", "ignored: issues"],
    ["push", '{"ref": "refs/tags/v1"}', "nothing to deploy: refs/tags/v1"],
    ["push", '{"ref": "refs/heads/old", "deleted": true}', "nothing to deploy: refs/heads/old"],
  ] as const) {
    const headers = { "X-GitHub-Event": event, "X-Hub-Signature-256": sign("mysecret", body) };
    expect(await post("github/push", body, headers)).toBe(`200 ${message}`);
  }
  // octokit/webhooks-methods.js, test/sign.test.ts
  const published = "sha256=4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3";
  expect(await post("github/push", '{"foo":"bar"}', { "X-GitHub-Event": "x", "X-Hub-Signature-256": published })).toBe(
    "200 ignored: x",
  );

  const alert = '{"host": "web1", "state": "down"}';
  await expect.poll(() => post("alert", alert, { "X-Api-Key": "k3y" }), soon).toBe("200 web1 is down");
  expect(await post("alert", alert, { "X-Api-Key": "no" })).toBe("401 Invalid API key");
  expect(await post("alert", "{}", { "X-Api-Key": "k3y" })).toBe("500 host and state are needed");
});

test("call sends the body and headers it is given, prints the answer, and ends with 1 from 400 on", async () => {
  const args = ["call", "github_push", "--url", url, "--data", "@-", "--header", "X-GitHub-Event: push", "--header"];
  const good = await line.run([...args, `X-Hub-Signature-256: ${sign("mysecret", BODY)}`], { input: BODY });
  expect(good).toEqual({ code: 0, stdout: '200 OK\n{"message": "deploying acme/site@main"}\n', stderr: "" });
  const bad = await line.run([...args, "X-Hub-Signature-256: sha256=00"], { input: BODY });
  expect(bad).toEqual({ code: 1, stdout: '401 Unauthorized\n{"message": "Invalid signature"}\n', stderr: "" });
});

test("logs shows calls, the newest last, by webhook and status, and as JSON", async () => {
  const { stdout } = await line.run(["logs", "--webhook", "github_push", "--status", "401"]);
  expect(stdout.trimEnd().split("\n")).toHaveLength(4);
  expect(stdout).toMatch(
    /^\d{4}-\S+Z {2}[0-9a-f-]{36} {2}POST {2}github\/push {2}401 {2}failed\/skipped {2}\d+ms {2}127\.0\.0\.1 {2}Invalid signature\n/,
  );
  const json = await line.run(["logs", "--json", "--limit", "1"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ endpoint: "github/push", http_status: 401 });
});

test("logs --follow prints calls as they come and ends at SIGINT", { timeout: 30_000 }, async () => {
  const follower = line.start(["logs", "--follow", "--limit", "1"]);
  await follower.waitFor("Invalid signature");
  await sleep(500);
  await fetch(`${url}/cetmix_tower_webhooks/alert`, { method: "POST", headers: { "x-api-key": "no" } });
  await follower.waitFor("Invalid API key");
  expect(follower.output().trimEnd().split("\n")).toHaveLength(2);
  expect(await follower.stop("SIGINT")).toBe(0);
});

test("logs --follow shows a slow call that was logged after later ones", { timeout: 30_000 }, async () => {
  const slow = `records:
- cetmix_tower_model: webhook
  reference: slow
  name: Slow
  endpoint: slow
  authenticator_id: {reference: open, name: Open, code: 'result = {"allowed": True}'}
  code: |
    time.sleep(2)
    result = {"exit_code": 0, "message": "slept well"}
`;
  expect(await line.run(["import", "-"], { input: slow })).toMatchObject({ code: 0 });
  const follower = line.start(["logs", "--follow", "--limit", "0", "--json"]);
  // Nothing tells from outside when it has begun: calls are made until it shows one.
  while (follower.output() === "") {
    await post("alert", "{}", {});
    await sleep(300);
  }
  const answer = post("slow", "{}", {});
  await sleep(200);
  await post("alert", "{}", { "x-api-key": "later" });
  await follower.waitFor("Invalid API key");
  expect(follower.output()).not.toContain("slept well");
  expect(await answer).toBe("200 slept well");
  const output = await follower.waitFor("slept well");
  expect(new Set(output.trimEnd().split("\n")).size).toBe(output.trimEnd().split("\n").length);
});

test("a reader that stops early is no failure", async () => {
  const follower = line.start(["logs", "--follow"]);
  await follower.waitFor("github/push");
  follower.child.stdout.destroy();
  await fetch(`${url}/cetmix_tower_webhooks/alert`, { method: "POST" });
  await expect.poll(() => follower.child.exitCode, { timeout: 5000 }).toBe(0);
});

test("code that does not compile is refused with file, record, line and column", { timeout: 60_000 }, async () => {
  const text =
    "records:\n- cetmix_tower_model: webhook_authenticator\n  reference: bad\n  name: Bad\n  code: |\n    x = 1\n    import os\n";
  const { code, stdout, stderr } = await line.run(["import", "-"], { input: text });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(
    /^hooktower: -: Error creating record 'bad' in model 'webhook_authenticator': code: .*line 2.*begins in line 6 of the file\)\n$/,
  );
  expect((await line.run(["export", "--webhook-authenticators", "bad"])).code).toBe(1);
});

test("a port that is taken is an unusable setting", async () => {
  await using other = await openCommandLine();
  const { code, stderr } = await other.run(["serve"], {
    env: { HOOKTOWER_PORT: new URL(url).port, HOOKTOWER_LOG_LEVEL: "silent" },
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^hooktower: HOOKTOWER_HOST, HOOKTOWER_PORT: cannot listen on 127\.0\.0\.1, port \d+: something else does\n$/,
  );
});

test("the server ends at SIGTERM with 0", async () => {
  expect(await server.stop("SIGTERM")).toBe(0);
});
