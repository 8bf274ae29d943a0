import { resolve } from "node:path";
import { z } from "zod";
import { findInvalidHostRule } from "../lib/host-rules.ts";

/**
 * Every setting of the process, once: environment variable, type, default and what it is for.
 * `docs/reference/settings.md` is generated from this list, and a test keeps the two alike.
 */
interface SettingDefinition<T> {
  readonly env: `HOOKTOWER_${string}`;
  readonly doc: string;
  /** Shown in the reference as the default; says what absence means where that is not a value. */
  readonly defaultText: string;
  /** Shown in the reference where the default is no value to start from. */
  readonly example?: string;
  readonly secret?: boolean;
  readonly schema: z.ZodType<T, string | undefined>;
}

function define<T>(definition: SettingDefinition<T>): SettingDefinition<T> {
  return definition;
}

function integer(minimum: number, maximum: number, fallback: number) {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^-?\d+$/, message)
    .transform(Number)
    .pipe(z.number().min(minimum, message).max(maximum, message))
    .or(z.undefined().transform(() => fallback));
}

function flag(fallback: boolean) {
  return z
    .enum(["true", "false", "1", "0"], "must be true or false")
    .transform((text) => text === "true" || text === "1")
    .or(z.undefined().transform(() => fallback));
}

const optionalText = z.string().optional();

export const SETTING_DEFINITIONS = {
  host: define({
    env: "HOOKTOWER_HOST",
    doc: "Address to listen on. `0.0.0.0` or `::` for all of the machine's addresses.",
    defaultText: "127.0.0.1",
    schema: z.string().min(1, "must not be empty").default("127.0.0.1"),
  }),
  port: define({
    env: "HOOKTOWER_PORT",
    doc: "TCP port to listen on; 0 lets the system choose a free one.",
    defaultText: "8420",
    schema: integer(0, 65_535, 8420),
  }),
  dataDir: define({
    env: "HOOKTOWER_DATA_DIR",
    doc: "Directory of the SQLite database, the generated secret key and the interpreter's start image. Created with mode 0700.",
    defaultText: "./data",
    schema: z
      .string()
      .min(1, "must not be empty")
      .default("./data")
      .transform((path) => resolve(path)),
  }),
  databaseUrl: define({
    env: "HOOKTOWER_DATABASE_URL",
    doc: "`postgres://user:password@host:port/name` for PostgreSQL. Absent: SQLite in the data directory.",
    defaultText: "absent",
    example: "postgres://hooktower:password@db.example.com:5432/hooktower",
    secret: true,
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\/./, "must start with postgres:// (leave it out for SQLite)")
      .optional(),
  }),
  baseUrl: define({
    env: "HOOKTOWER_BASE_URL",
    doc: "The address that senders and browsers use, without a slash at the end. It stands in the URLs that Hooktower shows; `https://` also marks session cookies as Secure.",
    defaultText: "http://<host>:<port>",
    example: "https://hooks.example.com",
    schema: z
      .url({ protocol: /^https?$/, error: "must be an http:// or https:// address" })
      .transform((url) => url.replace(/\/+$/, ""))
      .optional(),
  }),
  secretKey: define({
    env: "HOOKTOWER_SECRET_KEY",
    doc: "Encrypts stored secrets; `openssl rand -hex 32` makes a good one. Absent: generated into `<data dir>/secret.key` with mode 0600. Losing it loses the stored secrets.",
    defaultText: "generated",
    secret: true,
    schema: z.string().min(16, "must have at least 16 characters").optional(),
  }),
  adminPassword: define({
    env: "HOOKTOWER_ADMIN_PASSWORD",
    doc: "Password of user `admin`, used at the first start only. Absent: a random one, printed once.",
    defaultText: "random",
    secret: true,
    schema: z.string().min(8, "must have at least 8 characters").optional(),
  }),
  adminToken: define({
    env: "HOOKTOWER_ADMIN_TOKEN",
    doc: "An API token of user `admin`, stored at the first start only.",
    defaultText: "none",
    secret: true,
    schema: z.string().min(8, "must have at least 8 characters").optional(),
  }),
  egressAllowPrivate: define({
    env: "HOOKTOWER_EGRESS_ALLOW_PRIVATE",
    doc: "Whether snippets' outgoing requests may reach loopback, private and reserved addresses. Link-local addresses and those of cloud metadata stay out of reach.",
    defaultText: "false",
    schema: flag(false),
  }),
  egressAllow: define({
    env: "HOOKTOWER_EGRESS_ALLOW",
    doc: "What snippets' outgoing requests may reach although it is private: host names (`*.example.com` for all below it), addresses and CIDRs, separated by commas. Link-local addresses and those of cloud metadata stay out of reach.",
    defaultText: "none",
    example: "api.example.com,10.0.0.0/8",
    schema: optionalText
      .transform((text) => splitList(text))
      .refine((entries) => findInvalidHostRule(entries) === null, {
        error: ({ input }) =>
          `must be host names, addresses and CIDRs; ${JSON.stringify(findInvalidHostRule(input as string[]))} is none`,
      }),
  }),
  egressMaxResponseBytes: define({
    env: "HOOKTOWER_EGRESS_MAX_RESPONSE_BYTES",
    doc: "Largest response to a snippet's outgoing request, in bytes, before and after decompression; a larger one is an error.",
    defaultText: "10485760",
    schema: integer(1024, 104_857_600, 10_485_760),
  }),
  pythonRunners: define({
    env: "HOOKTOWER_PYTHON_RUNNERS",
    doc: "How many Python interpreters run, each in a process of its own.",
    defaultText: "1",
    schema: integer(1, 64, 1),
  }),
  maxBodyBytes: define({
    env: "HOOKTOWER_MAX_BODY_BYTES",
    doc: "Largest body of a call, in bytes; a larger one is answered 413.",
    defaultText: "1048576",
    schema: integer(1, 104_857_600, 1_048_576),
  }),
  cpuLimitMs: define({
    env: "HOOKTOWER_CPU_LIMIT_MS",
    doc: "Milliseconds that a snippet may compute without waiting for anything.",
    defaultText: "1000",
    schema: integer(10, 60_000, 1000),
  }),
  wallLimitMs: define({
    env: "HOOKTOWER_WALL_LIMIT_MS",
    doc: "Milliseconds that a snippet may take in all, waiting included.",
    defaultText: "30000",
    schema: integer(100, 600_000, 30_000),
  }),
  runnerMemoryMb: define({
    env: "HOOKTOWER_RUNNER_MEMORY_MB",
    doc: "Memory of one interpreter, in MiB.",
    defaultText: "256",
    schema: integer(96, 2048, 256),
  }),
  maxMessageBytes: define({
    env: "HOOKTOWER_MAX_MESSAGE_BYTES",
    doc: "Largest `message` in an answer, in bytes of UTF-8; longer text is cut and says so.",
    defaultText: "65536",
    schema: integer(256, 10_485_760, 65_536),
  }),
  maxCallsPerWebhook: define({
    env: "HOOKTOWER_MAX_CALLS_PER_WEBHOOK",
    doc: "Calls of one webhook that may be in progress at once; one more is answered 503 with Retry-After.",
    defaultText: "200",
    schema: integer(1, 100_000, 200),
  }),
  logLevel: define({
    env: "HOOKTOWER_LOG_LEVEL",
    doc: "What the process writes to standard error: fatal, error, warn, info, debug or silent.",
    defaultText: "info",
    schema: z
      .enum(
        ["fatal", "error", "warn", "info", "debug", "silent"],
        "must be one of fatal, error, warn, info, debug, silent",
      )
      .default("info"),
  }),
} as const;

type Definitions = typeof SETTING_DEFINITIONS;
export type Settings = { readonly [K in keyof Definitions]: z.output<Definitions[K]["schema"]> };

/** An environment variable holds something that cannot be used. One line for people. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/**
 * Reads the settings from environment variables; an empty variable counts as absent.
 *
 * @throws SettingsError naming every unusable variable and how to mend it, never its value when secret
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [key, definition] of Object.entries(SETTING_DEFINITIONS) as Array<[string, SettingDefinition<unknown>]>) {
    const text = env[definition.env] === "" ? undefined : env[definition.env];
    const parsed = definition.schema.safeParse(text);
    if (parsed.success) settings[key] = parsed.data;
    else problems.push(describeProblem(definition, text, parsed.error));
  }
  if (problems.length > 0) throw new SettingsError(problems.join("; "));
  return settings as Settings;
}

function describeProblem(definition: SettingDefinition<unknown>, text: string | undefined, error: z.ZodError): string {
  const shown = definition.secret ? "" : `=${JSON.stringify(text)}`;
  const messages = error.issues.flatMap((issue) =>
    issue.code === "invalid_union" ? (issue.errors[0]?.map((inner) => inner.message) ?? []) : [issue.message],
  );
  return `${definition.env}${shown} ${messages[0] ?? "is not valid"}`;
}

/** Names that look like settings and are none: worth a warning, since a mistyped name passes for "not set". */
export function findUnknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set<string>(Object.values(SETTING_DEFINITIONS).map((definition) => definition.env));
  return Object.keys(env).filter((name) => name.startsWith("HOOKTOWER_") && !known.has(name));
}

function splitList(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
