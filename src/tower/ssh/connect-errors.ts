import { formatSeconds, SshError } from "./errors.ts";
import type { SshTarget } from "./ssh.ts";

/** How far a connection came. */
export type Phase = "connect" | "handshake" | "authenticate" | "second factor";

type Place = Pick<SshTarget, "host" | "port" | "username">;

/** "web1:22", "[2001:db8::1]:22". */
export function formatPlace({ host, port }: Pick<SshTarget, "host" | "port">): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
}

export function explainTimeout(timeoutMs: number, phase: Phase, place: Place): SshError {
  const where = formatPlace(place);
  const time = formatSeconds(timeoutMs);
  const texts: Record<Phase, string> = {
    connect: `${where} did not accept a connection within ${time}: is the address right, and does a firewall drop it?`,
    handshake: `${where} accepted the connection, but did not finish the SSH handshake within ${time}: is it an SSH server, and not overloaded?`,
    authenticate: `${where} did not say within ${time} whether ${place.username} may sign in`,
    "second factor": `${where} did not say within ${time} whether ${place.username} may sign in`,
  };
  return new SshError("timeout", texts[phase]);
}

/** @param error of the socket or of ssh2 */
export function explainFailure(error: Error, phase: Phase, place: Place): SshError {
  const where = formatPlace(place);
  if (phase === "connect") return new SshError("connect_failed", explainSocketError(error, where, place.host));
  if (phase === "handshake") return new SshError("connect_failed", explainHandshakeError(error, where));
  if (phase === "second factor") {
    const text = `${where} wants a second proof from ${place.username} after the first: that is not supported`;
    return new SshError("auth_failed", text);
  }
  if ("level" in error && error.level === "client-authentication") {
    const text =
      `${where} did not let ${place.username} sign in: is the user name right, does the password or the key fit, ` +
      `and does the server allow this way to sign in?`;
    return new SshError("auth_failed", text);
  }
  const text = `${where} ended the connection while ${place.username} signed in: ${reasonOf(error)}`;
  return new SshError("connect_failed", text);
}

function explainSocketError(error: Error, where: string, host: string): string {
  switch (findCode(error)) {
    case "ECONNREFUSED":
      return `${where} refused the connection: does an SSH server run there, on this port?`;
    case "ENOTFOUND":
    case "EAI_NONAME":
      return `There is no host named ${host}`;
    case "EAI_AGAIN":
      return `The name ${host} cannot be looked up right now`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `There is no way to ${where} from here (${findCode(error)})`;
    case "ETIMEDOUT":
      return `${where} did not answer: is the address right, and does a firewall drop it?`;
    default:
      return `Cannot connect to ${where}: ${error.message}`;
  }
}

/** With several addresses for a name, the errors of each are inside. */
function findCode(error: Error): string {
  if (error instanceof AggregateError)
    return findCode(error.errors[0] instanceof Error ? error.errors[0] : new Error());
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function explainHandshakeError(error: Error, where: string): string {
  if (/no matching/.test(error.message)) {
    return `${where} and Hooktower have no algorithm in common (${error.message}): its SSH server is very old, or very strict`;
  }
  if (/closed|lost before handshake|ECONNRESET|EPIPE/.test(error.message)) {
    return `${where} closed the connection before the SSH handshake was done: it may have too many connections, refuse this address, or not be an SSH server`;
  }
  return `The SSH handshake with ${where} failed: ${error.message}`;
}

function reasonOf(error: Error): string {
  return error.message === "closed" ? "it gave no reason" : error.message;
}
