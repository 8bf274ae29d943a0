import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Json } from "../../sandbox/sandbox.ts";
import type { ServerRow } from "../runs/run-records.store.ts";
import { RenderError, type Renderer, type TemplateValues } from "./renderer.ts";
import { findTemplateNames } from "./template-names.ts";
import { readVariables, type StoredVariable } from "./variables.store.ts";

/** Asks the database as the run sees it. */
export type Read = <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>;

/** The name that always means the tower itself, whatever a run is given. */
export const SYSTEM = "tower";
/** Values that hold other variables, which hold others, … */
const MAX_DEPTH = 20;

export interface VariableResolver {
  /**
   * Values for a template: of the variables among `names`, the server's own before the global ones, and
   * `tower`. Names that are no variable are absent. A variable without a value is null, an empty one false:
   * templates print `None` and `False` for them, as in the original.
   *
   * @throws RenderError for a value that cannot be worked out: variables that hold each other, say
   */
  resolve(names: Iterable<string>, server: ServerRow | null, read: Read): Promise<Record<string, Json>>;
}

interface ResolverDependencies {
  readonly renderer: Renderer;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createVariableResolver({ renderer, clock, logger }: ResolverDependencies): VariableResolver {
  async function resolve(
    names: Iterable<string>,
    server: ServerRow | null,
    read: Read,
    inside: readonly string[] = [],
  ): Promise<Record<string, Json>> {
    const wanted = [...new Set(names)];
    const values: Record<string, Json> = {};
    const references = wanted.filter((name) => name !== SYSTEM);
    for (const variable of await read((db) => readVariables(db, references, server?.id ?? null)))
      values[variable.reference] = await workOut(variable, server, read, inside);
    if (wanted.includes(SYSTEM)) values[SYSTEM] = describeTower(server, clock);
    return values;
  }

  async function workOut(
    variable: StoredVariable,
    server: ServerRow | null,
    read: Read,
    inside: readonly string[],
  ): Promise<Json> {
    const { reference, onServer, everywhere, modifier } = variable;
    const stored = onServer === undefined ? everywhere : onServer;
    if (stored === undefined) return null;
    if (stored === null || stored === "") return false;
    const text = await renderNested(reference, stored, server, read, inside);
    if (text === "" || modifier === null || modifier.trim() === "") return text === "" ? false : text;
    try {
      return await renderer.modify(modifier, text);
    } catch (thrown) {
      if (!(thrown instanceof RenderError)) throw thrown;
      logger.warn({ variable: reference, reason: thrown.message }, "a modifier failed: the value is used as it is");
      return text;
    }
  }

  /** Values hold others only where two braces and a space say so, as in the original. */
  async function renderNested(
    reference: string,
    text: string,
    server: ServerRow | null,
    read: Read,
    inside: readonly string[],
  ): Promise<string> {
    if (!text.includes("{{ ")) return text;
    const path = [...inside, reference];
    const names = findTemplateNames(text);
    const circle = path.find((name) => names.has(name));
    if (circle !== undefined)
      throw new RenderError(`The value of variable ${circle} holds itself: ${[...path, circle].join(" → ")}`);
    if (path.length > MAX_DEPTH) throw new RenderError(`Values hold others more than ${MAX_DEPTH} deep`);
    return renderer.render(text, await resolve(names, server, read, path), { pythonic: false });
  }

  return { resolve };
}

/** `tower.server` and `tower.tools`, which templates may use everywhere. What is not set is false. */
function describeTower(server: ServerRow | null, clock: Clock): Json {
  const now = new Date(clock.now()).toISOString();
  const today = now.slice(0, 10);
  const time = `${today} ${now.slice(11, 19)}`;
  return {
    server: server === null ? {} : describeServer(server),
    tools: {
      uuid: randomUUID(),
      today,
      now: time,
      today_underscore: today.replaceAll("-", "_"),
      now_underscore: time.replaceAll(/[-: ]/g, "_"),
    },
  };
}

function describeServer(server: ServerRow): TemplateValues {
  const url = server.url !== null && URL.canParse(server.url) ? new URL(server.url) : null;
  return {
    name: server.name,
    reference: server.reference,
    username: server.ssh_username || false,
    partner_name: false,
    ipv4: server.ip_v4_address ?? false,
    ipv6: server.ip_v6_address ?? false,
    status: server.status ?? false,
    os: server.os_name ?? false,
    url: server.url ?? false,
    hostname: url?.hostname ?? false,
    netloc: url?.host ?? false,
    port: url?.port || false,
  };
}
