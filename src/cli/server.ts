import type { Command } from "commander";
import type { FoundHostKey } from "../tower/operations.ts";
import { withEngine } from "./open.ts";
import { print, printable } from "./output.ts";

interface ServerOptions {
  readonly user: string;
}

interface TrustOptions extends ServerOptions {
  readonly fingerprint?: string;
}

export function addServerCommand(program: Command, env: NodeJS.ProcessEnv, setExitCode: (code: number) => void): void {
  const server = program.command("server").description("look after the way to a server");

  server
    .command("check")
    .description("sign in, run `uname -a`, and move a small file there and back")
    .argument("<server>", "reference of the server")
    .option("--user <login>", "who does it", "admin")
    .action(async (reference: string, { user }: ServerOptions) => {
      const { ok, message, uname } = await withEngine(env, async (core, { operations }) =>
        operations.checkServer(reference, await core.findActor(user)),
      );
      print(printable(uname === null ? message : `${message} ${uname}`));
      setExitCode(ok ? 0 : 1);
    });

  server
    .command("trust")
    .description("show the host key of a server, and store it when its fingerprint is the one you give")
    .argument("<server>", "reference of the server")
    .option("--fingerprint <fingerprint>", "the one that you have compared: SHA256:…")
    .option("--user <login>", "who does it", "admin")
    .addHelpText(
      "after",
      `
On the server itself, \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` prints the fingerprint.

Examples:
  hooktower server trust web1
  hooktower server trust web1 --fingerprint SHA256:…`,
    )
    .action(async (reference: string, { user, fingerprint }: TrustOptions) => {
      const key = await withEngine(env, async (core, { operations }) => {
        const actor = await core.findActor(user);
        return fingerprint === undefined
          ? operations.readHostKey(reference, actor)
          : operations.trustHostKey(reference, fingerprint, actor);
      });
      print(describe(reference, key));
    });
}

function describe(reference: string, { type, fingerprint, trusted }: FoundHostKey): string {
  const key = printable(`${type} ${fingerprint}`);
  return trusted
    ? `${key} is the key that is stored for ${reference}`
    : `${key} is what ${reference} shows. If it is the server's own: hooktower server trust ${reference} --fingerprint ${fingerprint}`;
}
