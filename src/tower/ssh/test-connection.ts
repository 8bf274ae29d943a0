import { randomBytes } from "node:crypto";
import { formatPlace } from "./connect-errors.ts";
import { SshError } from "./errors.ts";
import { exec } from "./exec.ts";
import type { Pool } from "./pool.ts";
import { deleteFile, download, upload } from "./sftp.ts";
import type { CallLimits, SshTarget, TestOptions } from "./ssh.ts";
import { createTimeLimit } from "./time-limit.ts";

const DEFAULT_TIMEOUT_MS = 60_000;

/** @throws SshError that says what does not work; the time is for all of it together */
export async function testConnection(
  pool: Pool,
  target: SshTarget,
  { tryCommand = true, tryFile = true, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: TestOptions = {},
): Promise<{ uname: string | null }> {
  const limits = { signal: createTimeLimit({ timeoutMs, ...(signal && { signal }) }) };
  const lease = await pool.acquire(target, limits.signal);
  lease.release();
  const uname = tryCommand ? await readUname(pool, target, limits) : null;
  if (tryFile) await moveFile(pool, target, limits);
  return { uname };
}

async function readUname(pool: Pool, target: SshTarget, limits: CallLimits): Promise<string> {
  const { status, stdout, stderr } = await exec(pool, target, { ...limits, lines: ["uname -a"] });
  if (status === 0) return stdout.trimEnd();
  const said = stderr.trim() === "" ? "" : `: ${stderr.trim().slice(0, 500)}`;
  const text = `${formatPlace(target)} let ${target.username} in, but \`uname -a\` ended with ${status}${said}`;
  throw new SshError("test_failed", text);
}

async function moveFile(pool: Pool, target: SshTarget, limits: CallLimits): Promise<void> {
  // Two tests at once must not see each other's file, and nobody can put a link in its place first.
  const path = `/tmp/hooktower_test_connection_${randomBytes(8).toString("hex")}.txt`;
  const content = Buffer.from("Hooktower tests whether files can be moved.\n");
  await upload(pool, target, path, content, limits);
  const found = await download(pool, target, path, limits);
  await deleteFile(pool, target, path, limits);
  if (found.equals(content)) return;
  throw new SshError("test_failed", `${formatPlace(target)} gave back another file than was sent to ${path}`);
}
