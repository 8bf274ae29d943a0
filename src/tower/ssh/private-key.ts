import { createPrivateKey, type KeyObject } from "node:crypto";
import { Worker } from "node:worker_threads";
import ssh2, { type ParsedKey } from "ssh2";
import { SshError } from "./errors.ts";

/** Sources run as `.ts` in development and as compiled `.js` when installed. */
const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const THREAD = new URL(`./private-key.thread${EXTENSION}`, import.meta.url);

/**
 * `parsePrivateKey` beside the main thread: a passphrase is made slow to guess, so decrypting with
 * the right one takes a third of a second, in which no call would be answered.
 *
 * @throws SshError `bad_key`
 */
export async function readPrivateKey(text: string, passphrase?: string): Promise<ParsedKey> {
  if (passphrase === undefined || passphrase === "" || !isEncrypted(normalise(text))) {
    return parsePrivateKey(text, passphrase);
  }
  return parsePrivateKey(await decryptInThread(text, passphrase));
}

function decryptInThread(text: string, passphrase: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(THREAD, { workerData: { text, passphrase }, name: "hooktower-private-key" });
    thread.once("error", reject);
    thread.once("exit", () => reject(new SshError("bad_key", "The private key could not be decrypted")));
    thread.once("message", ({ pem, problem = "" }: { pem?: string; problem?: string }) => {
      if (pem === undefined) reject(new SshError("bad_key", problem));
      else resolve(pem);
    });
  });
}

/**
 * Reads a private key, in whatever form people keep it.
 *
 * @throws SshError `bad_key`, with what is the matter; never with a part of the key
 */
export function parsePrivateKey(text: string, passphrase?: string): ParsedKey {
  const key = normalise(text);
  refuseOthers(key);
  try {
    return readKey(key, passphrase);
  } catch (error) {
    throw explain(key, passphrase, error);
  }
}

/** Pasted text has blanks around it and line breaks of any system. */
function normalise(text: string): string {
  return text.replaceAll(/\r\n?/g, "\n").trim();
}

function refuseOthers(key: string): void {
  if (key === "") throw new SshError("bad_key", "There is no private key");
  if (/^(?:ssh-|ecdsa-|sk-)\S+ |^-----BEGIN [\w ]*PUBLIC KEY-----|^---- BEGIN SSH2 PUBLIC KEY/.test(key)) {
    throw new SshError(
      "bad_key",
      "This is a public key. The private one is needed: its file has the same name without .pub",
    );
  }
  if (!/^-----BEGIN [\w ]*PRIVATE KEY-----|^PuTTY-User-Key-File-/.test(key)) {
    throw new SshError(
      "bad_key",
      "This is not a private key. One begins with a line like -----BEGIN OPENSSH PRIVATE KEY-----",
    );
  }
}

function readKey(key: string, passphrase: string | undefined): ParsedKey {
  const text = /^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/.test(key) ? convertPkcs8(key, passphrase) : key;
  const parsed = ssh2.utils.parseKey(text, passphrase);
  if (parsed instanceof Error) throw parsed;
  // The type has a single key; the format could hold several, and the function then gives a list.
  const first = Array.isArray(parsed) ? (parsed[0] as ParsedKey | undefined) : parsed;
  if (!first?.isPrivateKey()) throw new Error("no private key in it");
  return first;
}

function explain(key: string, passphrase: string | undefined, cause: unknown): SshError {
  const message = cause instanceof Error ? cause.message : "";
  if (isEncrypted(key)) {
    const isGiven = passphrase !== undefined && passphrase !== "";
    const text = isGiven
      ? "The passphrase does not fit the private key"
      : "The private key is encrypted, and there is no passphrase for it";
    return new SshError("bad_key", text);
  }
  const type = /Unsupported OpenSSH private key type: ([\w@.-]+)/.exec(message)?.[1];
  const text = type
    ? `Private keys of type ${type} are not supported; RSA, ECDSA and Ed25519 are`
    : "The private key cannot be read: it is cut short, changed, or of a kind that is not supported (RSA, ECDSA and Ed25519 are)";
  return new SshError("bad_key", text);
}

function isEncrypted(key: string): boolean {
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED|^Encryption: (?!none)/m.test(key)) return true;
  const body = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([\s\S]*?)-----END/.exec(key)?.[1];
  if (body === undefined) return false;
  const bytes = Buffer.from(body, "base64");
  // "openssh-key-v1", a zero, and the length of the cipher's name before the name.
  return bytes.subarray(0, 14).toString() === "openssh-key-v1" && bytes.subarray(19, 23).toString() !== "none";
}

/** The general form, which ssh2 does not read, as the one of the key's own type, which it does. */
function convertPkcs8(key: string, passphrase: string | undefined): string {
  const object = createPrivateKey({ key, ...(passphrase !== undefined && { passphrase }) });
  switch (object.asymmetricKeyType) {
    case "rsa":
      return object.export({ type: "pkcs1", format: "pem" });
    case "ec":
      return object.export({ type: "sec1", format: "pem" });
    case "ed25519":
      return writeOpenSshEd25519(object);
    default:
      throw new Error(`Unsupported OpenSSH private key type: ${object.asymmetricKeyType ?? "unknown"}`);
  }
}

function writeOpenSshEd25519(object: KeyObject): string {
  const { d = "", x = "" } = object.export({ format: "jwk" });
  const [secret, open] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
  const publicPart = Buffer.concat([packed("ssh-ed25519"), packed(open)]);
  // Two equal numbers tell a reader that it has decrypted well; here nothing is encrypted.
  const check = Buffer.alloc(8);
  const privatePart = Buffer.concat([check, publicPart, packed(Buffer.concat([secret, open])), packed("")]);
  const padding = Buffer.from(Array.from({ length: (8 - (privatePart.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    packed("none"),
    packed("none"),
    packed(""),
    one,
    packed(publicPart),
    packed(Buffer.concat([privatePart, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

/** A string as SSH writes it, its length first. */
function packed(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
