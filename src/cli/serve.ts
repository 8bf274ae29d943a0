import type { Command } from "commander";
import { readSettings, SettingsError, type Settings } from "../settings/settings.ts";

export function addServeCommand(program: Command, env: NodeJS.ProcessEnv, setExitCode: (code: number) => void): void {
  program
    .command("serve")
    .description("run the server until it is told to stop")
    .addHelpText(
      "after",
      `
SIGINT (Ctrl-C) or SIGTERM ends it when the calls in flight are answered.

Examples:
  hooktower serve
  HOOKTOWER_PORT=9000 HOOKTOWER_DATA_DIR=/var/lib/hooktower hooktower serve`,
    )
    .action(async () => {
      // Unusable settings stop the start before anything else is loaded.
      const settings = readSettings(env);
      const { serve } = await import("../serve.ts");
      try {
        setExitCode(await serve(settings, env));
      } catch (thrown) {
        throw explainListen(thrown, settings) ?? thrown;
      }
    });
}

/** An address that cannot be listened on is an unusable setting. */
function explainListen(thrown: unknown, { host, port }: Settings): SettingsError | null {
  const { code, syscall } = thrown as NodeJS.ErrnoException;
  if (!(thrown instanceof Error) || code === undefined || !["listen", "bind", "getaddrinfo"].includes(syscall ?? ""))
    return null;
  const reason = LISTEN_REASONS[code] ?? thrown.message;
  return new SettingsError(`HOOKTOWER_HOST, HOOKTOWER_PORT: cannot listen on ${host}, port ${port}: ${reason}`);
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else does",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "not permitted",
  ENOTFOUND: "there is no such host",
};
