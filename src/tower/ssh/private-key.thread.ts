/** Decrypts one private key and ends. See `readPrivateKey`. */

import { parentPort, workerData } from "node:worker_threads";
import { SshError } from "./errors.ts";
import { parsePrivateKey } from "./private-key.ts";

const { text, passphrase } = workerData as { readonly text: string; readonly passphrase: string };

try {
  parentPort?.postMessage({ pem: parsePrivateKey(text, passphrase).getPrivatePEM() });
} catch (error) {
  if (!(error instanceof SshError)) throw error;
  parentPort?.postMessage({ problem: error.message });
}
