import { connect as connectSocket, type Socket } from "node:net";
import { Client, type AnyAuthMethod, type AuthenticationType, type ConnectConfig, type ParsedKey } from "ssh2";
import { explainFailure, explainTimeout, formatPlace, type Phase } from "./connect-errors.ts";
import { SshError } from "./errors.ts";
import { checkHostKey, describeHostKey, orderHostKeyAlgorithms, type ServerHostKey } from "./host-key.ts";
import { readPrivateKey } from "./private-key.ts";
import type { HostKeyPolicy, SshTarget } from "./ssh.ts";
import { onAbort } from "./time-limit.ts";

/** A connection that is signed in. */
export interface Connection {
  readonly client: Client;
  /** Told once, when it has ended for whatever reason. */
  readonly closed: Promise<void>;
  readonly isOpen: boolean;
  /** Bytes that came from the server so far, and that were sent to it. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Ends it politely. */
  end(): void;
  /** Ends it at once: nothing is sent. */
  destroy(): void;
}

export const DEFAULT_CONNECT_TIMEOUT_MS = 20_000;

/** @throws SshError */
export async function openConnection(
  target: SshTarget,
  options: { readonly keepAliveMs: number; readonly signal?: AbortSignal },
): Promise<Connection> {
  const key =
    target.auth.type === "privateKey" ? await readPrivateKey(target.auth.privateKey, target.auth.passphrase) : null;
  const attempt = startAttempt<Connection>(
    target,
    target.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    options.signal,
  );
  const { client } = attempt;
  return attempt.run(target.hostKey, (socket) => {
    client.on("ready", () => attempt.succeed(wrapConnection(client, socket)));
    answerPrompts(client, target, attempt.fail);
    client.connect({
      ...makeConfig(socket, target.hostKey, target.username, attempt.verify),
      keepaliveInterval: options.keepAliveMs,
      keepaliveCountMax: 3,
      tryKeyboard: true,
      authHandler: createAuthHandler(target, key, attempt),
    });
  });
}

/** @throws SshError */
export async function fetchHostKey(
  host: string,
  port: number,
  limits: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<ServerHostKey> {
  const attempt = startAttempt<ServerHostKey>({ host, port, username: "" }, limits.timeoutMs, limits.signal);
  const { client } = attempt;
  const policy = { type: "skip" } as const;
  return attempt.run(policy, (socket) => {
    // The handshake is over when the server has signed with the key: only then is it known to be its own.
    client.on("handshake", () => {
      if (attempt.hostKey !== null) attempt.succeed(attempt.hostKey);
      socket.destroy();
    });
    client.connect({ ...makeConfig(socket, policy, "", attempt.verify), authHandler: [] });
  });
}

interface Attempt<T> {
  readonly client: Client;
  readonly hostKey: ServerHostKey | null;
  enter(phase: Phase): void;
  succeed(result: T): void;
  fail(error: SshError): void;
  /** For ssh2: whether the server may be talked to. */
  verify(blob: Buffer): boolean;
  run(policy: HostKeyPolicy, speak: (socket: Socket) => void): Promise<T>;
}

type Place = Pick<SshTarget, "host" | "port" | "username">;

/** What both ways to connect share: the socket, the limits, and errors that say how far it came. */
function startAttempt<T>(place: Place, timeoutMs: number, signal: AbortSignal | undefined): Attempt<T> {
  const client = new Client();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let phase: Phase = "connect";
  let policy: HostKeyPolicy = { type: "skip" };
  let hostKey: ServerHostKey | null = null;

  const fail = (error: SshError) => reject(error);
  const failWith = (error: Error) => fail(explainFailure(error, phase, place));

  async function run(givenPolicy: HostKeyPolicy, speak: (socket: Socket) => void): Promise<T> {
    policy = givenPolicy;
    const socket = connectSocket({ host: place.host.replace(/^\[(.*)\]$/, "$1"), port: place.port, noDelay: true });
    const timer = setTimeout(() => fail(explainTimeout(timeoutMs, phase, place)), timeoutMs);
    const forget =
      signal && onAbort(signal, () => fail(new SshError("aborted", "The connection is not needed any more")));
    client.on("error", failWith);
    client.on("close", () => failWith(new Error("closed")));
    client.on("handshake", () => (phase = "authenticate"));
    socket.on("error", failWith);
    socket.once("connect", () => {
      phase = "handshake";
      try {
        speak(socket);
      } catch (error) {
        failWith(error instanceof Error ? error : new Error(String(error)));
      }
    });
    try {
      return await promise;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      forget?.();
    }
  }

  return {
    client,
    get hostKey() {
      return hostKey;
    },
    enter: (next) => (phase = next),
    succeed: resolve,
    fail,
    verify(blob) {
      hostKey = describeHostKey(blob);
      const problem = checkHostKey(policy, hostKey, formatPlace(place));
      if (problem) fail(problem);
      return problem === null;
    },
    run,
  };
}

function makeConfig(
  socket: Socket,
  policy: HostKeyPolicy,
  username: string,
  verify: (blob: Buffer) => boolean,
): ConnectConfig {
  return {
    sock: socket,
    username,
    ident: "Hooktower",
    // The attempt has a timer of its own, which knows how far it came.
    readyTimeout: 0,
    hostVerifier: verify,
    algorithms: { serverHostKey: orderHostKeyAlgorithms(policy) },
  };
}

/**
 * The one way to sign in that the target names. Servers with PAM may take a password only as the
 * answer to a question, so that is tried after the plain way.
 */
function createAuthHandler(target: SshTarget, key: ParsedKey | null, attempt: Pick<Attempt<unknown>, "enter">) {
  const { username, auth } = target;
  const methods: AnyAuthMethod[] = [];
  if (key !== null) methods.push({ type: "publickey", username, key });
  if (auth.type === "password") {
    const { password } = auth;
    methods.push({ type: "password", username, password });
    let isAsked = false;
    methods.push({
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => {
        // A single question without echo is the one for the password. Anything else is for people.
        const isPassword = !isAsked && prompts.length === 1 && prompts[0]?.echo !== true;
        isAsked ||= prompts.length > 0;
        finish(isPassword ? [password] : []);
      },
    });
  }
  return (left: AuthenticationType[] | null, isPartial: boolean | null, next: (method: AnyAuthMethod) => void) => {
    if (isPartial === true) attempt.enter("second factor");
    const method = methods.shift();
    const isOffered = method && (left === null || left.includes(method.type));
    // `false` ends it, as ssh2 documents and its types do not know.
    next((isOffered ? method : false) as AnyAuthMethod);
  };
}

/** A server that wants a new password waits for it; nobody is here to choose one. */
function answerPrompts(client: Client, target: SshTarget, fail: (error: SshError) => void): void {
  client.on("change password", () => {
    const text = `The password of ${target.username} on ${formatPlace(target)} has expired: set a new one there`;
    fail(new SshError("auth_failed", text));
  });
}

function wrapConnection(client: Client, socket: Socket): Connection {
  let isOpen = true;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const markClosed = () => {
    isOpen = false;
    resolve();
  };
  // "error" comes before "close"; without a listener it would end the process.
  client.on("error", () => socket.destroy());
  client.on("end", markClosed).on("close", markClosed);
  return {
    client,
    closed,
    get isOpen() {
      return isOpen && socket.writable;
    },
    get bytesRead() {
      return socket.bytesRead;
    },
    get bytesWritten() {
      return socket.bytesWritten;
    },
    end: () => client.end(),
    destroy: () => socket.destroy(),
  };
}
