import type { Database } from "../db/database.ts";
import { makeProgram, type ProgramKind } from "../guest/programs.ts";
import { parseIpRules } from "../lib/ip-rules.ts";
import type { PreparedProgram, Sandbox } from "../sandbox/sandbox.ts";
import type { Secrets } from "../tower/keys/secrets.service.ts";
import { replaceReferences, type VariableValue } from "../tower/variables/literal-references.ts";
import { readGlobalValues } from "../tower/variables/variables.store.ts";
import type { Code, Route } from "./route.ts";
import { readRouteRows, type RouteRow } from "./routes.store.ts";

/** The webhooks of the whole tower in memory, replaced as one when configuration changes. */
export interface RouteTable {
  /** The webhook of exactly this method and endpoint; a disabled one is found too. */
  find(method: string, endpoint: string): Route | undefined;
  findByReference(reference: string): Route | undefined;
  findById(webhookId: number): Route | undefined;
  /** Source with the global values of the variables it names, as the stored code has them. */
  render(source: string): string;
  reload(): Promise<void>;
}

interface RouteTableDependencies {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly sandbox: Pick<Sandbox, "prepare">;
}

export async function createRouteTable({ db, secrets, sandbox }: RouteTableDependencies): Promise<RouteTable> {
  let byPath: ReadonlyMap<string, Route> = new Map();
  let byReference: ReadonlyMap<string, Route> = new Map();
  let byId: ReadonlyMap<number, Route> = new Map();
  let globalValues: ReadonlyMap<string, VariableValue> = new Map();
  let lastReload: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    const rows = await readRouteRows(db.main);
    const variables = await readGlobalValues(db.main);
    const prepare = (kind: ProgramKind, name: string, source: string | null) =>
      sandbox.prepare(makeProgram(kind, name, replaceReferences(source ?? "", variables)));
    const prepared = rows.map((row) => ({
      row,
      code: prepare("webhook", row.reference, row.code),
      authenticatorCode: prepare("authenticator", row.authenticatorReference, row.authenticatorCode),
    }));
    const named = prepared.flatMap(({ code, authenticatorCode }) => [
      ...code.secretReferences,
      ...authenticatorCode.secretReferences,
    ]);
    const values = await secrets.read([...new Set(named)]);
    const routes = prepared.map(({ row, code, authenticatorCode }) =>
      makeRoute(row, withSecrets(code, values), withSecrets(authenticatorCode, values)),
    );
    byPath = new Map(routes.map((route) => [pathKey(route.method, route.endpoint), route]));
    byReference = new Map(routes.map((route) => [route.reference, route]));
    byId = new Map(routes.map((route) => [route.webhookId, route]));
    globalValues = variables;
  }

  /** One after the other: a slow read must not overwrite a newer one. */
  function reload(): Promise<void> {
    lastReload = lastReload.then(read, read);
    return lastReload;
  }

  await reload();
  return {
    find: (method, endpoint) => byPath.get(pathKey(method, endpoint)),
    findByReference: (reference) => byReference.get(reference),
    findById: (webhookId) => byId.get(webhookId),
    render: (source) => replaceReferences(source, globalValues),
    reload,
  };
}

/** The secrets that a program names, out of all that were read. */
export function withSecrets(program: PreparedProgram, values: ReadonlyMap<string, string | null>): Code {
  const secrets = new Map(program.secretReferences.map((reference) => [reference, values.get(reference) ?? null]));
  return { program, secrets };
}

function makeRoute(row: RouteRow, code: Code, authenticatorCode: Code): Route {
  return {
    webhookId: row.webhookId,
    reference: row.reference,
    endpoint: row.endpoint,
    method: row.method,
    active: row.active === 1,
    payloadType: row.payloadType,
    code,
    authenticator: {
      id: row.authenticatorId,
      reference: row.authenticatorReference,
      code: authenticatorCode,
      allowedAddresses: parseIpRules(row.allowedAddresses),
      trustedProxies: parseIpRules(row.trustedProxies),
    },
    runAs: {
      id: row.userId,
      login: row.userLogin,
      name: row.userName,
      email: row.userEmail,
      group: row.userGroup,
      active: row.userActive === 1,
    },
  };
}

function pathKey(method: string, endpoint: string): string {
  return `${method} ${endpoint}`;
}
