import { setTimeout as sleep } from "node:timers/promises";
import { InvalidArgumentError, type Command } from "commander";
import type { CallView } from "../calls/call.ts";
import type { Core } from "../core.ts";
import { createFollower } from "./follower.ts";
import { withCore } from "./open.ts";
import { print, printable } from "./output.ts";
import { abortOnSignal } from "./signals.ts";

interface LogsOptions {
  readonly follow?: true;
  readonly webhook?: string;
  readonly status?: number;
  readonly limit: number;
  readonly json?: true;
}

const POLL_MS = 300;

export function addLogsCommand(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .command("logs")
    .description("print the log of calls, the newest last")
    .option("-f, --follow", "go on printing calls as they come, until Ctrl-C")
    .option("--webhook <reference>", "calls of this webhook only")
    .option("--status <number>", "calls answered with this HTTP status only", parseNumber(100, 599))
    .option("--limit <number>", "how many of the past calls", parseNumber(0, 500), 20)
    .option("--json", "one JSON object a line, with everything that is logged")
    .addHelpText(
      "after",
      `
A line: time, id, method, endpoint, HTTP status, authentication/code, duration, address, message.

Examples:
  hooktower logs --follow
  hooktower logs --webhook github_push --status 401 --limit 100
  hooktower logs --json | jq -r .error_message`,
    )
    .action(async (options: LogsOptions) => {
      await withCore(env, { compiles: false }, async (core) => {
        await assertWebhook(core, options.webhook);
        const show = (call: CallView) => print(options.json ? JSON.stringify(call) : formatCall(call));
        // Before the past is read, so that no call falls between the two.
        const follower = createFollower(core.callLog, core.clock);
        const past = await readPast(core, options);
        for (const call of past) show(call);
        if (options.follow) await follow(follower.poll, past, options, show);
      });
    });
}

async function assertWebhook(core: Core, reference: string | undefined): Promise<void> {
  if (reference === undefined) return;
  const admin = { userId: 0, login: "command line", group: "root" } as const;
  await core.records.get(core.models.get("webhook"), reference, admin);
}

async function readPast({ callLog }: Core, { webhook, status, limit }: LogsOptions): Promise<CallView[]> {
  if (limit === 0) return [];
  const page = await callLog.list({
    limit,
    ...(webhook !== undefined && { webhook_id: webhook }),
    ...(status !== undefined && { http_status: status }),
  });
  return page.items.toReversed();
}

async function follow(
  poll: () => Promise<readonly CallView[]>,
  past: readonly CallView[],
  { webhook, status }: LogsOptions,
  show: (call: CallView) => void,
): Promise<void> {
  const stop = abortOnSignal();
  const shown = new Set(past.map((call) => call.id));
  while (!stop.aborted) {
    for (const call of await poll()) {
      const isWanted =
        (webhook === undefined || call.webhook_id === webhook) && (status === undefined || call.http_status === status);
      if (isWanted && !shown.has(call.id)) show(call);
    }
    await sleep(POLL_MS, undefined, { signal: stop }).catch((error: Error) => {
      if (error.name !== "AbortError") throw error;
    });
  }
}

/** One call as one line. */
export function formatCall(call: CallView): string {
  const columns = [
    call.create_date,
    call.id,
    call.request_method.toUpperCase().padEnd(4),
    call.endpoint,
    String(call.http_status),
    `${call.authentication_status}/${call.code_status}`,
    `${Math.round(call.duration_ms)}ms`,
    call.ip_address ?? "-",
    call.error_message ?? call.result_message ?? "",
  ];
  return printable(columns.join("  ")).trimEnd();
}

function parseNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= minimum && number <= maximum) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}
