import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCore } from "../../src/core.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { readSettings, SettingsError } from "../../src/settings/settings.ts";
import { makeDataDir, towerEnvironment } from "../support/tower.ts";
import { ROOT } from "./support.ts";

/** The key that stored secrets are encrypted with. */
describe("the secret key", () => {
  /** The parts that work on the database, without a sandbox: nothing here saves code. */
  function open(dataDir: string, env: Record<string, string> = {}) {
    const settings = readSettings({ ...towerEnvironment(dataDir), ...env });
    return openCore(settings, silentLogger, () => expect.fail("no code is saved here"));
  }

  it("is made at the first start, readable by its owner only, and used at the next", async () => {
    await using dataDir = await makeDataDir();
    {
      await using core = await open(dataDir.path);
      await core.records.create(
        core.models.get("key"),
        { name: "K", reference: "K", secret_value: "kept" },
        { ...ROOT, userId: 0 },
      );
    }
    const file = join(dataDir.path, "secret.key");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, "utf8")).trim()).toMatch(/^[0-9a-f]{64}$/);
    await using core = await open(dataDir.path);
    expect((await core.secrets.read(["K"])).get("K")).toBe("kept");
  });

  it("that does not fit what is stored stops the start with one clear line", async () => {
    await using dataDir = await makeDataDir();
    {
      await using core = await open(dataDir.path, { HOOKTOWER_SECRET_KEY: "the right key of this test" });
      await core.records.create(core.models.get("key"), { name: "K", secret_value: "kept" }, { ...ROOT, userId: 0 });
    }
    const wrong = open(dataDir.path, { HOOKTOWER_SECRET_KEY: "another key, not the right one" });
    await expect(wrong).rejects.toThrow(SettingsError);
    await expect(wrong).rejects.toThrow(
      "HOOKTOWER_SECRET_KEY is not the key that the stored secrets were encrypted with",
    );
    await using again = await open(dataDir.path, { HOOKTOWER_SECRET_KEY: "the right key of this test" });
    expect(again.settings.dataDir).toBe(dataDir.path);
  });

  it("file that holds no key stops the start and names the file", async () => {
    await using dataDir = await makeDataDir();
    const file = join(dataDir.path, "secret.key");
    await writeFile(file, "short\n");
    await chmod(file, 0o600);
    await expect(open(dataDir.path)).rejects.toThrow(SettingsError);
    await expect(open(dataDir.path)).rejects.toThrow(file);
  });
});
