import { randomBytes } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SettingsError, type Settings } from "./settings.ts";

/**
 * The key that stored secrets are encrypted with: from the setting, else from `secret.key` in the
 * data directory, which the first start makes (mode 0600).
 *
 * @throws SettingsError when the file can neither be read nor made
 */
export async function loadSecretKey(settings: Pick<Settings, "secretKey" | "dataDir">): Promise<string> {
  if (settings.secretKey !== undefined) return settings.secretKey;
  const path = join(settings.dataDir, "secret.key");
  try {
    await mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
    return (await readKey(path)) ?? (await makeKey(path));
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError(`HOOKTOWER_DATA_DIR: the secret key ${path} cannot be used: ${(error as Error).message}`);
  }
}

async function readKey(path: string): Promise<string | null> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  if (text.length >= 32) return text;
  throw new SettingsError(`${path} holds no key: put the key back, or remove the file if no secrets were stored`);
}

/** Two processes may start at once: only one can make the file, the other reads it. */
async function makeKey(path: string): Promise<string> {
  const key = randomBytes(32).toString("hex");
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(`${key}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const other = await readFile(path, "utf8");
    if (other.endsWith("\n")) return other.trim();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("another process did not finish writing it");
}
