import type { Command } from "commander";
import { withCore } from "./open.ts";
import { print, warn } from "./output.ts";

export function addTokenCommand(program: Command, env: NodeJS.ProcessEnv): void {
  const token = program.command("token").description("API tokens").helpCommand(false);
  token
    .command("create")
    .description("make an API token and print it, this once")
    .requiredOption("--user <login>", "whose rights the token has")
    .option("--name <name>", "what it is for", "command line")
    .addHelpText(
      "after",
      `
Examples:
  hooktower token create --user admin --name ci
  TOKEN=$(hooktower token create --user admin)
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8420/api/v1/webhooks`,
    )
    .action(async (options: { user: string; name: string }) => {
      await withCore(env, { compiles: false }, async (core) => {
        print(await core.accounts.createApiToken(options.user, options.name));
        warn(`token "${options.name}" of ${options.user}: only its hash is kept, so store it now`);
      });
    });
}
