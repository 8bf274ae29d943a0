import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import ssh2, { type AuthContext, type Connection, type ServerChannel } from "ssh2";
import type { SshTarget } from "../../src/tower/ssh/ssh.ts";

/** ssh2's own server: where OpenSSH is not installed, and for what OpenSSH does not do. */
export interface Ssh2Server extends AsyncDisposable {
  /** The password is right. */
  readonly target: SshTarget;
  readonly hostKey: string;
  readonly port: number;
  /** Ways to sign in that were tried, in order. */
  readonly attempts: readonly string[];
  /** Connections that are open. */
  readonly connections: ReadonlySet<Connection>;
}

export interface Ssh2ServerOptions {
  /** Whether an attempt to sign in succeeds; the password of `target` when left out. */
  readonly authenticate?: (context: AuthContext) => void;
  /** What a command does; a real shell runs it when left out. */
  readonly run?: (line: string, channel: ServerChannel) => void;
  readonly hostKeyTypes?: ReadonlyArray<"ed25519" | "rsa">;
}

const PASSWORD = "right horse";

export async function startSsh2Server(options: Ssh2ServerOptions = {}): Promise<Ssh2Server> {
  const attempts: string[] = [];
  const connections = new Set<Connection>();
  const keys = (options.hostKeyTypes ?? ["ed25519"]).map((type) =>
    type === "rsa" ? ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 }) : makeKeyPair(),
  );
  const hostKey = keys[0]?.public.split(" ")[1] ?? "";
  const server = new ssh2.Server({ hostKeys: keys.map((key) => key.private) }, (connection) => {
    connections.add(connection);
    connection.on("error", () => undefined).on("close", () => connections.delete(connection));
    connection.on("authentication", (context) => {
      attempts.push(context.method);
      (options.authenticate ?? authenticatePassword)(context);
    });
    connection.on("session", (acceptSession) => {
      acceptSession().on("exec", (acceptExec, _reject, { command }) =>
        (options.run ?? runInShell)(command, acceptExec()),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    hostKey,
    attempts,
    connections,
    target: {
      host: "127.0.0.1",
      port,
      username: "deploy",
      auth: { type: "password", password: PASSWORD },
      hostKey: { type: "expect", key: hostKey },
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.end();
      server.close();
    },
  };
}

function authenticatePassword(context: AuthContext): void {
  if (context.method === "password" && context.password === PASSWORD) context.accept();
  else context.reject(["password"]);
}

function runInShell(line: string, channel: ServerChannel): void {
  const child = spawn("sh", ["-c", line], { stdio: "pipe" });
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.stdin.on("error", () => undefined);
  child.on("close", (code, signal) => {
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal, false, "");
    channel.end();
  });
}

/** A server that speaks no SSH: `answer` does what it wants with each connection. */
export async function startRawServer(answer: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    answer(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Ed25519, in the format of OpenSSH. */
export function makeKeyPair(encryption?: { cipher: string; rounds: number; passphrase: string }) {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", encryption ?? {});
    // One in 256 of those that ssh2 makes lacks a byte: a zero at the beginning.
    if (Buffer.from(pair.public.split(" ")[1] ?? "", "base64").length === 51) return pair;
  }
}
