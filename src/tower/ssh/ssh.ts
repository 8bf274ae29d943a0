import type { CommandRequest, SudoMode } from "./command-line.ts";
import type { Output } from "./errors.ts";
import type { ServerHostKey } from "./host-key.ts";

/** Where to sign in, and how. Plain values: whoever calls has read them from wherever they are kept. */
export interface SshTarget {
  /** Name or address; IPv6 with or without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly auth: SshAuth;
  readonly hostKey: HostKeyPolicy;
  /** For everything up to being signed in; 20 s when it is left out. */
  readonly connectTimeoutMs?: number;
}

export type SshAuth =
  | { readonly type: "password"; readonly password: string }
  /** RSA, ECDSA or Ed25519, in the format of OpenSSH, PEM (PKCS#1, SEC 1, PKCS#8) or PuTTY. */
  | { readonly type: "privateKey"; readonly privateKey: string; readonly passphrase?: string };

export type HostKeyPolicy =
  /** Base64 of the server's public key; null: none is known yet, so the connection is refused. */
  | { readonly type: "expect"; readonly key: string | null }
  /** Any server is believed: whoever is in between can read all of it, passwords too. */
  | { readonly type: "skip" };

/** Limits of one call, from the moment it is made: waiting for a connection counts. */
export interface CallLimits {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ExecLimits extends CallLimits {
  /** Of standard output and of standard error, each; more than that loses its middle. 1 MiB when left out. */
  readonly maxOutputBytes?: number;
  /** Gets all that is printed as it comes, before it is cut. It must not throw. */
  readonly onOutput?: (text: string, stream: "stdout" | "stderr") => void;
}

export interface ExecRequest extends ExecLimits {
  /** Sent as they are, one after the other, each as a command of its own; the first that fails is the last. */
  readonly lines: readonly string[];
  /** What each gets on standard input, which then ends. */
  readonly stdin?: string | Uint8Array;
  /** How the lines call sudo, so that the processes can be ended if need be. */
  readonly sudo?: SudoMode;
  /** The first line of standard input of each when sudo is "p". */
  readonly sudoPassword?: string;
}

export interface ExecResult extends Output {
  /** Exit status; 128 and the number of the signal when one ended the command. */
  readonly status: number;
  /** "KILL", "TERM" …; null when the command ended by itself. */
  readonly signal: string | null;
}

export interface RunCommandRequest extends ExecLimits, CommandRequest {
  /** Needed when sudo is "p". */
  readonly sudoPassword?: string;
}

export interface UploadOptions extends CallLimits {
  /** Permissions, 0o640 say. Left out: those of the file that is replaced, or what the server gives to new files. */
  readonly mode?: number;
  /** Creates the directories that are missing. */
  readonly createDirectories?: boolean;
}

export interface DownloadOptions extends CallLimits {
  /** 64 MiB when left out; a larger file is refused with `too_large`. */
  readonly maxBytes?: number;
}

export interface FileStat {
  readonly size: number;
  /** Permissions only. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: Date;
  readonly type: "file" | "directory" | "other";
}

export interface TestOptions extends CallLimits {
  /** Runs `uname -a`; done unless false. */
  readonly tryCommand?: boolean;
  /** Writes, reads and removes a small file in /tmp; done unless false. */
  readonly tryFile?: boolean;
}

/**
 * Work on servers over SSH. Every function throws SshError. Connections are kept and shared by all
 * calls with an equal target; how many there are at once is bounded, and calls wait in turn.
 */
export interface Ssh {
  exec(target: SshTarget, request: ExecRequest): Promise<ExecResult>;
  /** Prepares a command's text, sudo and path as Cetmix Tower does, and runs it. */
  runCommand(target: SshTarget, request: RunCommandRequest): Promise<ExecResult>;
  /** Readers see the old file or the new one, never half of it. */
  upload(
    target: SshTarget,
    path: string,
    data: Uint8Array | AsyncIterable<Uint8Array>,
    options?: UploadOptions,
  ): Promise<void>;
  download(target: SshTarget, path: string, options?: DownloadOptions): Promise<Buffer>;
  deleteFile(target: SshTarget, path: string, limits?: CallLimits): Promise<void>;
  /** @returns null when there is nothing at the path */
  findFile(target: SshTarget, path: string, limits?: CallLimits): Promise<FileStat | null>;
  /** @returns what `uname -a` printed; null when it was not tried */
  testConnection(target: SshTarget, options?: TestOptions): Promise<{ readonly uname: string | null }>;
  /** The key that a server proves to have, for a person to trust. Nothing is signed in. */
  readHostKey(host: string, port: number, limits?: CallLimits): Promise<ServerHostKey>;
  /** Ends the connections. Calls in progress and later ones fail. */
  close(): Promise<void>;
}

export interface SshOptions {
  /** Connections at once, to all servers; 64 when left out. */
  readonly maxConnections?: number;
  /** Connections at once with one target; 4 when left out. */
  readonly maxConnectionsPerTarget?: number;
  /** Commands at once on one connection. OpenSSH allows 10; 8 when left out, which leaves room to end them. */
  readonly maxSessionsPerConnection?: number;
  /** How long a connection that nobody uses is kept; 60 s when left out. */
  readonly idleTimeoutMs?: number;
  /** How often an idle connection is checked; three checks without an answer end it. 15 s when left out. */
  readonly keepAliveMs?: number;
}
