import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * What npm runs after an installation in a checkout, and before it packs: the build. `npm ci --omit=dev` leaves out
 * what builds; the sources then run as they are.
 */
const installed = (name: string) => existsSync(fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url)));

if (process.env["npm_command"] !== "pack" && !["typescript", "rolldown"].every(installed)) {
  process.stdout.write("Not built, as the packages for development are not installed: the sources run as they are.\n");
} else {
  await import("./build.ts");
}
