/**
 * The contract of the sandbox: run a program with inputs, under limits, and say how it ended.
 *
 * The sandbox knows programs; it knows nothing of webhooks, servers or HTTP. Terms:
 * - program: source text of one language with the rules for reading its `result`.
 * - run: one execution of a program, with fresh globals.
 * - input: a name that the program sees, given as data; it is rebuilt inside the guest.
 * - secret: a value the source names by placeholder (`#!cxtower.secret.REF!#`); it reaches the
 *   code as a value, never as text pasted into the source.
 * - host call: something the guest asks of its host; the guest is suspended meanwhile.
 * - runner: the locked-down child process that holds an interpreter.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** How one key of the `result` dict is read, with the guest language's own semantics. */
export type ResultReading =
  /** Truth of the value; a missing key is false. */
  | "truth"
  /** `value != 0`; a missing key is false. */
  | "nonzero"
  /** The value as JSON text and as the language's `str()`; null when missing or None. */
  | "json"
  /** The same, but None is a value like others (`null`, `None`): null only when the key is missing. */
  | "jsonIfSet";

/**
 * - `python`: statements, which leave a `result`.
 * - `expression`: one Python expression, with builtins and inputs but no modules; its value is the result, in the
 *   shape `value`.
 * - `jinja`: a template; it leaves `{"text": …}`. Its placeholders of secrets are text like any other and stay.
 */
export type Language = "python" | "expression" | "jinja";

export interface Program {
  readonly language: Language;
  /** Shown in tracebacks, e.g. `webhook github_push`. */
  readonly name: string;
  readonly source: string;
  /** What `result` holds before the first line runs; null: it is not there. Then a program may leave none. */
  readonly defaultResult: { readonly [key: string]: Json } | null;
  readonly readings: { readonly [key: string]: ResultReading };
  /**
   * What `result` is: a dict whose keys are read (unless given), or one value of any kind, which is read as the
   * key `value`.
   */
  readonly resultShape?: "dict" | "value";
  /** Names of the guest's modules that it sees; absent: all. */
  readonly modules?: readonly string[];
  /** Inputs, dicts or lists, that the code may change and whose end is told in `kept`. */
  readonly keeps?: readonly string[];
  /** Of a template: what it prints becomes a Python literal, so that no value can change the code around it. */
  readonly pythonic?: boolean;
}

/** A program as it is sent to runners: hashed once, its placeholders found once. */
export interface PreparedProgram extends Program {
  /** SHA-256 of everything above: runners cache the compiled code under it. */
  readonly key: string;
  /** The source as Python reads names in it: a name that does not stand here, it does not see. */
  readonly identifiers: string;
  /** References of the secrets the source names, in order of first appearance, no repeats. */
  readonly secretReferences: readonly string[];
  /** The source as it goes to the compiler; see `python/placeholders.ts`. */
  readonly marked: MarkedSource;
}

export interface MarkedSource {
  /** The source with a marker of the same length for each placeholder. */
  readonly marked: string;
  /** What markers in literals and bare ones are known by; empty when there are no placeholders. */
  readonly nonce: string;
  readonly bareNonce: string;
  /** Line breaks that stood inside placeholders: after line (of `marked`), how many. */
  readonly lineBreaks: ReadonlyArray<readonly [number, number]>;
}

/** A value of one input name. Bytes stay bytes; JSON is parsed by the guest, not by the host. */
export type Input =
  | { readonly kind: "json"; readonly value: Json }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** JSON text as it came from a stranger: what cannot be parsed becomes an empty object. */
  | { readonly kind: "jsonBody"; readonly bytes: Uint8Array; readonly emptyForFalsy: boolean }
  /** A mapping of HTTP headers: Title-Case keys, looked up whatever the case. */
  | { readonly kind: "headers"; readonly entries: ReadonlyArray<readonly [string, string]> }
  /** A read-only record: `user.login`. */
  | { readonly kind: "record"; readonly model: string; readonly fields: { readonly [key: string]: Json } }
  /** A function of JSON values by position; each call is the host call `call` with their list. */
  | { readonly kind: "hostFunction"; readonly call: string }
  /** `env`: the way to record sets of every model that the host describes. */
  | { readonly kind: "environment"; readonly user: GuestUser }
  /** Records of one model; none: the model itself, to search in. */
  | { readonly kind: "recordSet"; readonly user: GuestUser; readonly model: string; readonly ids: readonly number[] }
  /** An object whose methods are the host call `<call>.call`. */
  | {
      readonly kind: "hostObject";
      readonly user: GuestUser;
      readonly call: string;
      readonly methods: readonly string[];
    };

/** Whose rights a run has, as its code sees them. What it may do, the host decides at each call. */
export interface GuestUser {
  readonly id: number;
  readonly model: string;
  readonly fields: { readonly [key: string]: Json };
}

export interface Limits {
  /** Time in the interpreter without giving it up, in milliseconds. */
  readonly cpuMs: number;
  /** Time from the start of the run to its end, waiting included, in milliseconds. */
  readonly wallMs: number;
  /** Bytes of JSON that all result readings may take together. */
  readonly resultBytes: number;
  /** Bytes of `_logger` text kept for a run; what is over is cut and said so. */
  readonly logBytes: number;
}

/**
 * Answers host calls of one run. It must check everything: `args` come from the guest.
 * A GuestError that it throws reaches the code as an exception; anything else is logged, and the
 * code is told only that the host could not do it. `signal` aborts when the run ends first.
 */
export type HostCallHandler = (name: string, args: Json, signal: AbortSignal) => Promise<Json>;

/** An error that a host call shows to the code. */
export class GuestError extends Error {
  /** Name of the exception in the guest: `UserError`, or another that the guest knows. */
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.name = "GuestError";
    this.type = type;
  }
}

export interface RunRequest {
  readonly program: PreparedProgram;
  readonly inputs: { readonly [name: string]: Input };
  /** A value for each of `program.secretReferences`; null where there is none. */
  readonly secrets: ReadonlyMap<string, string | null>;
  readonly onHostCall?: HostCallHandler;
  readonly limits?: Partial<Limits>;
}

/** How two runs in a row ended; `second` is null when the gate stayed shut. */
export interface GatedOutcome {
  readonly first: RunOutcome;
  readonly second: RunOutcome | null;
}

export interface LogLine {
  readonly level: "debug" | "info" | "warning" | "error" | "critical";
  readonly text: string;
}

export type ReadValue = boolean | { readonly json: string; readonly text: string } | null;

export type RunOutcome = {
  readonly log: readonly LogLine[];
  /** Strings that the code compared with a secret (`hmac.compare_digest`): treat them as secret. */
  readonly comparedWithSecret: readonly string[];
  /**
   * JSON text of each input among `program.keeps` as the code left it: when it completed, and when it raised. Absent
   * are those that the code does not name, as they cannot have changed; and, when it raised, those that cannot be
   * written as JSON or are too large.
   */
  readonly kept: { readonly [name: string]: string };
} & (
  | { readonly status: "completed"; readonly result: { readonly [key: string]: ReadValue } }
  /** The code raised. `message` has no source and no traceback; `traceback` has both. */
  | {
      readonly status: "raised";
      /** Class of the exception, e.g. `KeyError`; `UserError` for a message meant for people. */
      readonly type: string;
      readonly message: string;
      readonly line: number | null;
      readonly traceback: string;
    }
  /** The source does not compile or breaks a rule: nothing ran. */
  | ({ readonly status: "refused" } & SourceProblem)
  | { readonly status: "limit"; readonly limit: "cpu" | "wall" | "memory" | "result"; readonly message: string }
  /** The runner died under the run; `mayRetry` when the run had asked nothing of the host. */
  | { readonly status: "lost"; readonly message: string; readonly mayRetry: boolean }
  /** No runner could take it in time. */
  | { readonly status: "busy"; readonly message: string; readonly retryAfterSeconds: number }
);

/** Where and why source text is refused. `line` and `column` count from 1. */
export interface SourceProblem {
  readonly type: string;
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
}

export interface SandboxStatus {
  readonly ready: boolean;
  readonly runners: number;
  readonly running: number;
  readonly restarts: number;
}

/** The part of a pino logger that the sandbox writes to. */
export interface SandboxLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface SandboxOptions {
  /** How many interpreters run at once; each takes a process, about 200 MB and one core at most. */
  readonly runners: number;
  /** Where interpreter snapshots are kept; made when absent. */
  readonly cacheDir: string;
  /** Where the installation may have brought one, which is then used; never written to. */
  readonly installedDir?: string | undefined;
  readonly logger: SandboxLogger;
  /** What a run may use unless its request says otherwise. */
  readonly limits?: Partial<Limits>;
  /** Memory of one interpreter in bytes; 256 MiB unless given. */
  readonly memoryBytes?: number;
}

export interface Sandbox {
  /** Hashes a program and finds its placeholders. Cheap; keep the result as long as the source. */
  prepare(program: Program): PreparedProgram;
  /** Compiles and checks without running; null when the source is fine. Rejects when no runner could do it. */
  check(program: PreparedProgram): Promise<SourceProblem | null>;
  /** Never rejects for anything the guest does: every end is an outcome. */
  run(request: RunRequest): Promise<RunOutcome>;
  /**
   * Runs `first` and, when it completed with its reading `gate` true, `second`, on the way of one:
   * both travel to the runner together, which saves a third of what two runs cost. Each has its own
   * globals, limits and host calls.
   */
  runGated(first: RunRequest, gate: string, second: RunRequest): Promise<GatedOutcome>;
  status(): SandboxStatus;
  /** Lets running programs finish for `graceMs`, then ends the runners. */
  close(graceMs: number): Promise<void>;
}
