import { textOf } from "../records/field.ts";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { coerceError } from "../lib/errors.ts";
import type { RecordView } from "../records/records.ts";
import { readSettings } from "../settings/settings.ts";
import { CliError } from "./cli-error.ts";
import { withCore } from "./open.ts";
import { print } from "./output.ts";
import { readStdin } from "./stdin.ts";

interface CallOptions {
  readonly data?: string;
  readonly header: readonly (readonly [string, string])[];
  readonly query?: string;
  readonly url?: string;
  readonly user: string;
}

const MAX_BODY_BYTES = 104_857_600;
const TIMEOUT_MS = 120_000;

export function addCallCommand(program: Command, env: NodeJS.ProcessEnv, setExitCode: (code: number) => void): void {
  program
    .command("call")
    .description("call a webhook of the running server, as its sender would")
    .argument("<webhook>", "reference of the webhook")
    .option("-d, --data <body>", "the body: text, @FILE, or @- for standard input")
    .option("-H, --header <header>", 'a header, "Name: value"; may be given again', collectHeader, [])
    .option("--query <query>", "query string, without ?")
    .option("--url <base>", "address of the server (default: HOOKTOWER_BASE_URL, or its host and port)")
    .option("--user <login>", "who looks the webhook up", "admin")
    .addHelpText(
      "after",
      `
Prints status and body. Ends with 1 when the status is 400 or more.

Examples:
  hooktower call alert --header "X-Api-Key: $KEY" --data '{"state": "down"}'
  hooktower call github_push --data @push.json --header "X-Hub-Signature-256: sha256=…"`,
    )
    .action(async (reference: string, options: CallOptions) => {
      const webhook = await withCore(env, { compiles: false }, async ({ records, models, findActor }) =>
        records.get(models.get("webhook"), reference, await findActor(options.user)),
      );
      const response = await send(webhook, options, options.url ?? defaultUrl(env));
      print(`${response.status} ${response.statusText}`.trimEnd());
      print(await response.text());
      setExitCode(response.status >= 400 ? 1 : 0);
    });
}

async function send(webhook: RecordView, options: CallOptions, base: string): Promise<Response> {
  const method = textOf(webhook["method"]).toUpperCase();
  if (method === "GET" && options.data !== undefined)
    throw new CliError("this webhook is called with GET, which has no body", 2);
  const query = options.query === undefined ? "" : `?${options.query}`;
  const url = `${base.replace(/\/+$/, "")}/cetmix_tower_webhooks/${textOf(webhook["endpoint"])}${query}`;
  const type = webhook["content_type"] === "form" ? "application/x-www-form-urlencoded" : "application/json";
  const body = method === "GET" ? null : await readBody(options.data);
  const headers = new Headers(body === null ? [] : [["content-type", type]]);
  for (const [name, value] of options.header) headers.set(name, value);
  try {
    return await fetch(url, { method, headers, body, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (thrown) {
    const { message, cause } = coerceError(thrown);
    const reason =
      cause === undefined ? message : coerceError(cause).message || String((cause as NodeJS.ErrnoException).code);
    throw new CliError(`no answer from ${url}: ${reason}. Is the server running? (hooktower serve)`);
  }
}

async function readBody(data: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (data === undefined) return new Uint8Array();
  if (!data.startsWith("@")) return new Uint8Array(Buffer.from(data));
  if (data === "@-") return new Uint8Array(await readStdin(MAX_BODY_BYTES));
  try {
    return new Uint8Array(await readFile(data.slice(1)));
  } catch (thrown) {
    throw new CliError(`cannot read ${data.slice(1)}: ${coerceError(thrown).message}`);
  }
}

function defaultUrl(env: NodeJS.ProcessEnv): string {
  const { baseUrl, host, port } = readSettings(env);
  if (baseUrl !== undefined) return baseUrl;
  // A wildcard is an address to listen on, not one to call.
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

function collectHeader(
  text: string,
  previous: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(text);
  if (!match) throw new CliError(`--header ${JSON.stringify(text)} is not "Name: value"`, 2);
  return [...previous, [match[1] ?? "", match[2] ?? ""]];
}
