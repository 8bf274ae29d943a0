import { exec, runCommand } from "./exec.ts";
import { createPool } from "./pool.ts";
import { deleteFile, download, findFile, upload } from "./sftp.ts";
import type { Ssh, SshOptions } from "./ssh.ts";
import { testConnection } from "./test-connection.ts";

export function createSsh(options: SshOptions = {}): Ssh {
  const pool = createPool(options);
  return {
    exec: (target, request) => exec(pool, target, request),
    runCommand: (target, request) => runCommand(pool, target, request),
    upload: (target, path, data, uploadOptions) => upload(pool, target, path, data, uploadOptions),
    download: (target, path, downloadOptions) => download(pool, target, path, downloadOptions),
    deleteFile: (target, path, limits) => deleteFile(pool, target, path, limits),
    findFile: (target, path, limits) => findFile(pool, target, path, limits),
    testConnection: (target, testOptions) => testConnection(pool, target, testOptions),
    async readHostKey(host, port, { timeoutMs, signal } = {}) {
      const { DEFAULT_CONNECT_TIMEOUT_MS, fetchHostKey } = await import("./connect.ts");
      return fetchHostKey(host, port, {
        timeoutMs: timeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
        ...(signal && { signal }),
      });
    },
    close: () => pool.close(),
  };
}
