import { createHash, randomInt, timingSafeEqual } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../db/database.ts";
import { assertActs, readArguments, toText } from "../guest/records/arguments.ts";
import type { MethodCall, TowerMethods } from "../guest/records/record-calls.ts";
import type { ModelRegistry } from "../records/model.ts";
import type { SecretCipher } from "../records/secret-cipher.ts";
import { GuestError, type Json } from "../sandbox/sandbox.ts";
import type { Secrets } from "./keys/secrets.service.ts";
import { EXIT } from "./runs/exit-codes.ts";
import { readServer } from "./runs/run-records.store.ts";
import { openServerAccess } from "./servers/ssh-target.ts";
import { SshError } from "./ssh/errors.ts";
import type { Ssh } from "./ssh/ssh.ts";

interface HelperTools {
  readonly db: Database;
  readonly models: ModelRegistry;
  readonly cipher: SecretCipher;
  readonly secrets: Secrets;
  readonly ssh: Pick<Ssh, "testConnection">;
}

/** Without those that are taken for each other. */
const ID_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";
const MAX_ID_LENGTH = 1000;
const DEFAULT_ATTEMPTS = 5;
const DEFAULT_WAIT_S = 10;
/** What code needs to say how it went, once it knows. */
const MARGIN_MS = 1000;

/** The rest of the `tower` helper: what neither runs anything nor has to do with variables. */
export function helperMethods({ db, models, cipher, secrets, ssh }: HelperTools): TowerMethods {
  const model = models.get("server");

  async function findServer(reference: Json | undefined, { unit }: MethodCall): Promise<number> {
    const name = toText(reference);
    const id = await unit.read((operations) => operations.findByReference(model, name, unit.actor));
    if (id === null) throw new GuestError("ValidationError", "No server found for the provided reference.");
    return id;
  }

  return {
    /** Tries again while the code that asks has time: attempts and waits of an hour end with it. */
    async server_check_ssh_connection(call) {
      assertActs(call);
      const names = ["server_reference", "attempts", "wait_time", "try_command", "try_file"];
      const [reference, attempts, waitTime, tryCommand, tryFile] = readArguments(call, names);
      const serverId = await findServer(reference, call);
      const server = await call.unit.query((tables) => readServer(tables, serverId));
      if (!server) throw new GuestError("ValidationError", "No server found for the provided reference.");
      const times = Math.max(1, toNumber(attempts, DEFAULT_ATTEMPTS));
      const waitMs = Math.max(0, toNumber(waitTime, DEFAULT_WAIT_S)) * 1000;
      for (let attempt = 1; ; attempt += 1) {
        const timeoutMs = Math.max(1, Math.floor(call.remainingMs() - MARGIN_MS));
        try {
          await ssh.testConnection(openServerAccess(server, cipher).target, {
            tryCommand: tryCommand !== false,
            tryFile: tryFile !== false,
            timeoutMs,
            signal: call.signal,
          });
          return { exit_code: 0, message: "Connection successful." };
        } catch (thrown) {
          if (!(thrown instanceof SshError)) throw thrown;
          const hasTime = call.remainingMs() > waitMs + 2 * MARGIN_MS;
          if (attempt >= times || !hasTime) return { exit_code: EXIT.noConnection, message: thrown.message };
          await delay(waitMs, undefined, { signal: call.signal });
        }
      }
    },
    /** Compared in the same time whatever is in them. */
    async server_validate_secret(call) {
      const [value, reference, server] = readArguments(call, ["secret_value", "secret_reference", "server_reference"]);
      const name = toText(reference);
      const isNamed = server !== undefined && server !== null && server !== false;
      const serverId = isNamed ? await findServer(server, call) : null;
      const found = await secrets.read([name], { db: db.main, ...(serverId !== null && { serverId }) });
      const stored = found.get(name) ?? null;
      return stored !== null && typeof value === "string" && timingSafeEqual(digest(value), digest(stored));
    },
    async generate_random_id(call) {
      const [sections, population, separator] = readArguments(call, ["sections", "population", "separator"]);
      const [count, length] = [toNumber(sections, 1), toNumber(population, 4)];
      if (count < 1 || length < 1 || count * length > MAX_ID_LENGTH)
        throw new GuestError("ValueError", `sections and population make 1 to ${MAX_ID_LENGTH} characters`);
      const section = () => Array.from({ length }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join("");
      return Array.from({ length: count }, section).join(typeof separator === "string" ? separator : "-");
    },
    async is_valid_url(call) {
      const [url, noSchemeCheck] = readArguments(call, ["url", "no_scheme_check"]);
      if (typeof url !== "string" || /[\s\u0000-\u001f]/.test(url)) return false;
      const text = noSchemeCheck === true && !/^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? `http://${url}` : url;
      if (!URL.canParse(text)) return false;
      const { protocol, hostname } = new URL(text);
      return hostname !== "" && (noSchemeCheck === true || protocol === "http:" || protocol === "https:");
    },
  };
}

function toNumber(value: Json | undefined, fallback: number): number {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new GuestError("TypeError", "a number is needed here");
  return Math.trunc(value);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
