/** The Python sources, and the data they read, that are in every interpreter before its memory is snapshotted. */

import { readFileSync, readdirSync } from "node:fs";

const DIRECTORY = new URL("./guest/", import.meta.url);

/** File name to text, in a stable order. Read by the host; a runner itself reads no Python. */
export function readGuestSources(): { [fileName: string]: string } {
  const names = readdirSync(DIRECTORY)
    .filter((name) => name.endsWith(".py") || name.endsWith(".txt"))
    .toSorted();
  return Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, DIRECTORY), "utf8")]));
}
