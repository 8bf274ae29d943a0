import type { CodeUser } from "../../src/guest/guest.ts";
import { compare } from "../../src/records/condition.ts";
import { silentLogger, type Logger } from "../../src/lib/logger.ts";
import { createFiles, type Files } from "../../src/tower/files/files.service.ts";
import { findActiveUser } from "../../src/tower/runs/run-records.store.ts";
import type { Ssh } from "../../src/tower/ssh/ssh.ts";
import { createSsh } from "../../src/tower/ssh/create-ssh.ts";
import { createRenderer } from "../../src/tower/variables/renderer.ts";
import { createVariableResolver } from "../../src/tower/variables/variable-values.ts";
import type { TestTower } from "../support/tower.ts";

/** Parts of the tower over the database and the sandbox of one that runs, to call what has no route. */
export interface Parts extends AsyncDisposable {
  readonly files: Files;
  readonly ssh: Ssh;
  readonly tools: Parameters<typeof createFiles>[0];
  /** @throws Error when there is no such active user */
  user(login: string): Promise<CodeUser>;
  /** The id of a record, archived or not. */
  idOf(model: string, reference: string): Promise<number>;
  /** Makes a user. */
  addUser(login: string, group: "user" | "manager" | "root"): Promise<CodeUser>;
}

export function openParts({ tower, must }: TestTower, logger: Logger = silentLogger): Parts {
  const { core, sandbox } = tower;
  const { db, clock, records, models, cipher, secrets } = core;
  const ssh = createSsh();
  const renderer = createRenderer(sandbox);
  const variables = createVariableResolver({ renderer, clock, logger });
  const readTimeout = async () => 20_000;
  const tools = { db, clock, logger, records, models, cipher, secrets, renderer, variables, readTimeout, ssh };
  const parts: Parts = {
    ssh,
    tools,
    files: createFiles(tools),
    async user(login) {
      const account = await core.findActor(login);
      const user = await findActiveUser(db.main, account.userId);
      if (!user) throw new Error(`${login} is not active`);
      return user;
    },
    async idOf(model, reference) {
      const condition = compare("reference", "=", reference);
      const [id] = await records.byId.search(models.get(model), condition, {}, await core.findActor("admin"));
      if (id === undefined) throw new Error(`there is no ${model} ${reference}`);
      return id;
    },
    async addUser(login, group) {
      await must("POST", "/users", { name: login, login, password: "a-long-password", group });
      return parts.user(login);
    },
    [Symbol.asyncDispose]: () => ssh.close(),
  };
  return parts;
}
