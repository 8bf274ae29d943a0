import { createHash } from "node:crypto";
import { SshError } from "./errors.ts";
import type { HostKeyPolicy } from "./ssh.ts";

/** A server's public key. */
export interface ServerHostKey {
  /** "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa" … */
  readonly type: string;
  /** What is stored and compared. */
  readonly base64: string;
  /** As `ssh-keygen -l` prints it: "SHA256:…". */
  readonly fingerprint: string;
}

/** The ways to sign with each type of key, best first. */
const ALGORITHMS = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
} as const;

export type HostKeyAlgorithm = (typeof ALGORITHMS)[keyof typeof ALGORITHMS][number];

/** @param blob as it is sent by the server: the name of its type, and numbers */
export function describeHostKey(blob: Uint8Array): ServerHostKey {
  const bytes = Buffer.from(blob);
  return { type: readType(bytes), base64: bytes.toString("base64"), fingerprint: makeFingerprint(bytes) };
}

/**
 * Algorithms to offer. A server has keys of several types, and presents the one that is asked for
 * first: ask for the type that is known, or a known server looks like another one.
 */
export function orderHostKeyAlgorithms(policy: HostKeyPolicy): HostKeyAlgorithm[] {
  const known = policy.type === "expect" && policy.key !== null ? readType(Buffer.from(policy.key, "base64")) : null;
  const types = Object.entries(ALGORITHMS);
  return [...types.filter(([type]) => type === known), ...types.filter(([type]) => type !== known)].flatMap(
    ([, names]) => [...names],
  );
}

/** @returns what is wrong; null when the server may be talked to */
export function checkHostKey(policy: HostKeyPolicy, found: ServerHostKey, place: string): SshError | null {
  if (policy.type === "skip") return null;
  if (policy.key === null || policy.key.trim() === "") {
    return new SshError(
      "host_key_unknown",
      `Host key not found for ${place}. The server shows a key of type ${found.type} with the fingerprint ` +
        `${found.fingerprint}: compare it with the server's own, and store it if they are the same`,
    );
  }
  if (policy.key.trim() === found.base64) return null;
  return new SshError(
    "host_key_mismatch",
    `Host key mismatch for ${place}. Stored: ${makeFingerprint(Buffer.from(policy.key, "base64"))}. ` +
      `The server shows: ${found.fingerprint} (${found.type}). Either it was installed anew, or somebody is in ` +
      `between: store the new key only after comparing it with the server's own`,
  );
}

function makeFingerprint(bytes: Buffer): string {
  return `SHA256:${createHash("sha256").update(bytes).digest("base64").replaceAll("=", "")}`;
}

function readType(bytes: Buffer): string {
  const length = bytes.length < 4 ? 0 : bytes.readUInt32BE(0);
  return length > 64 ? "unknown" : bytes.subarray(4, 4 + length).toString("latin1");
}
