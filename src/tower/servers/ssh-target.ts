import { secretContext } from "../../records/codec.ts";
import { SecretCipherError, type SecretCipher } from "../../records/secret-cipher.ts";
import { keyModel } from "../keys/key.model.ts";
import type { ServerRow } from "../runs/run-records.store.ts";
import { SshError } from "../ssh/errors.ts";
import type { SshAuth, SshTarget } from "../ssh/ssh.ts";
import { serverModel } from "./server.model.ts";

const CONTEXTS = {
  password: secretContext(serverModel, "ssh_password"),
  hostKey: secretContext(serverModel, "host_key"),
  privateKey: secretContext(keyModel, "secret_value"),
  passphrase: secretContext(keyModel, "passphrase"),
} as const;

/** Where a server is, and how to sign in there. */
export interface ServerAccess {
  readonly target: SshTarget;
  /** What sudo asks for, where it asks; null: none is stored. */
  readonly sudoPassword: string | null;
}

/** @throws SshError `invalid` for what is missing, in words for whoever keeps the server's record */
export function openServerAccess(server: ServerRow, cipher: SecretCipher): ServerAccess {
  const read = (stored: string | null, context: string) => decrypt(server, stored, context, cipher);
  const password = read(server.ssh_password, CONTEXTS.password);
  const host = server.ip_v4_address ?? server.ip_v6_address;
  if (host === null) throw new SshError("invalid", `${server.name} has no address: set ip_v4_address or ip_v6_address`);
  return {
    target: {
      host,
      port: server.ssh_port,
      username: server.ssh_username,
      auth: server.ssh_auth_mode === "k" ? readKey(server, read) : readPassword(server, password),
      hostKey: server.skip_host_key
        ? { type: "skip" }
        : { type: "expect", key: read(server.host_key, CONTEXTS.hostKey) },
    },
    sudoPassword: password,
  };
}

/** What sudo is told; null where there is none, or it cannot be read. */
export function readSudoPassword(server: ServerRow, cipher: SecretCipher): string | null {
  try {
    return decrypt(server, server.ssh_password, CONTEXTS.password, cipher);
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return null;
  }
}

/** @throws SshError `invalid` */
function decrypt(server: ServerRow, stored: string | null, context: string, cipher: SecretCipher): string | null {
  if (stored === null) return null;
  try {
    return cipher.decrypt(stored, context) || null;
  } catch (error) {
    if (!(error instanceof SecretCipherError)) throw error;
    throw new SshError("invalid", `${server.name}: a stored secret cannot be read (HOOKTOWER_SECRET_KEY changed?)`);
  }
}

function readPassword(server: ServerRow, password: string | null): SshAuth {
  if (password === null) throw new SshError("invalid", `${server.name} has no SSH password: set ssh_password`);
  return { type: "password", password };
}

function readKey(server: ServerRow, read: (stored: string | null, context: string) => string | null): SshAuth {
  const privateKey = read(server.private_key, CONTEXTS.privateKey);
  if (privateKey === null)
    throw new SshError("invalid", `${server.name} has no SSH key with a value: set ssh_key_id, or the key's value`);
  const passphrase = read(server.passphrase, CONTEXTS.passphrase);
  return { type: "privateKey", privateKey, ...(passphrase !== null && { passphrase }) };
}
