import type { SecretCipher } from "../../../records/secret-cipher.ts";
import { openServerAccess } from "../../servers/ssh-target.ts";
import { exitCodeOf, SshError } from "../../ssh/errors.ts";
import type { Ssh } from "../../ssh/ssh.ts";
import type { Action, ActionEnd } from "./action.ts";

interface SshCommandTools {
  readonly ssh: Pick<Ssh, "runCommand">;
  readonly cipher: SecretCipher;
  /** How long a command may run, in milliseconds; null: for ever. */
  readonly readTimeout: () => Promise<number | null>;
}

/** Runs a command's text on its server. What it prints on standard error is no failure by itself. */
export function createSshCommand({ ssh, cipher, readTimeout }: SshCommandTools): Action {
  return async ({ prepared, request, onOutput }) => {
    const { server, command, shell, sudo } = prepared;
    const limits = [await readTimeout(), request.timeoutMs ?? null].filter((limit) => limit !== null);
    try {
      const { target, sudoPassword } = openServerAccess(server, cipher);
      const { status, stdout, stderr } = await ssh.runCommand(target, {
        ...shell,
        sudo,
        noSplit: command.no_split_for_sudo === 1,
        ...(sudo === "p" && { sudoPassword: sudoPassword ?? "" }),
        ...(limits.length > 0 && { timeoutMs: Math.min(...limits) }),
        ...(request.signal && { signal: request.signal }),
        ...(onOutput && { onOutput }),
      });
      return { status, response: stdout || null, error: stderr || null };
    } catch (thrown) {
      if (!(thrown instanceof SshError)) throw thrown;
      return describeError(thrown);
    }
  };
}

/** What had been printed before is kept. */
function describeError(error: SshError): ActionEnd {
  const { stdout = "", stderr = "" } = error.output ?? {};
  const separator = stderr === "" || stderr.endsWith("\n") ? "" : "\n";
  return { status: exitCodeOf(error), response: stdout || null, error: `${stderr}${separator}${error.message}` };
}
