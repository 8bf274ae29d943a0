/**
 * Writes the time zones that snippets see: `node scripts/generate-time-zones.ts [directory]`.
 *
 * The directory holds compiled zones in their long form, 32-bit block included, and `tzdata.zi`, as Debian's package
 * `tzdata` has them; without an argument it is the system's. The form of the output is explained in `zones.py`, which
 * reads it.
 */

import { globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const OUTPUT = fileURLToPath(new URL("../src/sandbox/python/guest/time_zones.txt", import.meta.url));
/** Trees of variants, and names that are no zones. */
const NO_ZONES = /^(?:posix|right)(?:\/|$)|^(?:Factory|localtime|posixrules)$|\./;
const HEADER_BYTES = 44;
const QUARTER_HOUR = 900;
/** pytz takes a difference that is larger for a move across the date line. */
const MOST_DST = 3 * 3600;

/** A kind of time that a zone has had: seconds east of UTC. */
interface Kind {
  readonly offset: number;
  readonly isDst: boolean;
  readonly name: string;
}

interface Zone {
  /** Seconds since 1970; the first stands for the beginning of time. */
  readonly times: readonly number[];
  /** What holds from each of the times on. */
  readonly kinds: readonly Kind[];
}

const directory = process.argv[2] ?? "/usr/share/zoneinfo";
const version = /^# version (\w+)/.exec(readFileSync(join(directory, "tzdata.zi"), "utf8"))?.[1];
if (!version) throw new Error("tzdata.zi names no version");

const namesByZone = new Map<string, string[]>();
for (const name of globSync("**/*", { cwd: directory }).toSorted()) {
  if (NO_ZONES.test(name) || !statSync(join(directory, name)).isFile()) continue;
  const bytes = readFileSync(join(directory, name));
  if (bytes.toString("latin1", 0, 4) !== "TZif") continue;
  const zone = encodeZone(readZone(bytes));
  namesByZone.set(zone, [...(namesByZone.get(zone) ?? []), name]);
}
const lines = [...namesByZone].map(([zone, names]) => `${names.join(" ")}|${zone}`);
writeFileSync(OUTPUT, [version, ...lines, ""].join("\n"));
process.stdout.write(`${OUTPUT}: ${version}, ${lines.length} zones\n`);

/** Reads the 32-bit block (RFC 9636), the one that pytz reads. */
function readZone(bytes: Buffer): Zone {
  const [timeCount, kindCount, nameBytes] = [32, 36, 40].map((offset) => bytes.readUInt32BE(offset)) as [
    number,
    number,
    number,
  ];
  const indexStart = HEADER_BYTES + timeCount * 4;
  const kindStart = indexStart + timeCount;
  const nameStart = kindStart + kindCount * 6;
  const texts = bytes.toString("latin1", nameStart, nameStart + nameBytes);
  const kinds = Array.from({ length: kindCount }, (_, index): Kind => {
    const start = kindStart + index * 6;
    const nameOffset = bytes.readUInt8(start + 5);
    return {
      offset: bytes.readInt32BE(start),
      isDst: bytes.readUInt8(start + 4) === 1,
      name: texts.slice(nameOffset, texts.indexOf("\0", nameOffset)),
    };
  });
  const times = Array.from({ length: timeCount }, (_, index) => bytes.readInt32BE(HEADER_BYTES + index * 4));
  const used = times.map((_, index) => kinds[bytes.readUInt8(indexStart + index)] as Kind);
  if (kinds.length === 1 || times.length === 0) return { times: [0], kinds: kinds.slice(0, 1) };
  return beginWithStandardTime(times, used, kinds);
}

/** Before the first change a zone has the first standard time of its list. */
function beginWithStandardTime(times: readonly number[], used: readonly Kind[], kinds: readonly Kind[]): Zone {
  const first = kinds.find(({ isDst }) => !isDst) as Kind;
  const start = used[0] as Kind;
  const isThere = start.offset === first.offset && start.isDst === first.isDst && start.name === first.name;
  return isThere ? { times, kinds: used } : { times: [(times[0] ?? 0) - 1, ...times], kinds: [first, ...used] };
}

/** `infos|index of the info at each time|first time and differences`; only one info: nothing else. */
function encodeZone({ times, kinds }: Zone): string {
  const infos: string[] = [];
  const indexes = kinds.map(({ offset, name }, position) => {
    const info = [toMinutes(offset), toMinutes(findDst(kinds, position)), name].join(" ");
    if (!infos.includes(info)) infos.push(info);
    return infos.indexOf(info).toString(36);
  });
  if (indexes.some((index) => index.length > 1)) throw new Error("a zone has more kinds of time than digits");
  if (times.length === 1) return infos.join(";");
  // The first time is never looked at: it stands for the beginning.
  const changes = times.slice(1).map((time, index) => encodeSeconds(time - (index === 0 ? 0 : (times[index] ?? 0))));
  return [infos.join(";"), indexes.join(""), changes.join(" ")].join("|");
}

/**
 * What is added to standard time, as pytz reckons it: the difference to the standard time before, or, when that
 * cannot be, to one that follows. 0 for standard time.
 */
function findDst(kinds: readonly Kind[], position: number): number {
  const { offset, isDst } = kinds[position] as Kind;
  if (!isDst) return 0;
  const before = kinds.slice(0, position).findLast((kind) => !kind.isDst);
  let dst = offset - (before?.offset ?? 0);
  if (dst > 0 && dst <= MOST_DST) return dst;
  for (const kind of kinds.slice(position + 1)) {
    if (kind.isDst) continue;
    dst = offset - kind.offset;
    if (dst > 0) break;
  }
  return dst;
}

/** Whole minutes, as in pytz: an offset like +0:53:28 becomes +0:53. */
function toMinutes(seconds: number): number {
  return Math.floor((seconds + 30) / 60);
}

/** Quarters of an hour in base 36, or seconds after a colon. */
function encodeSeconds(seconds: number): string {
  return seconds % QUARTER_HOUR === 0 ? (seconds / QUARTER_HOUR).toString(36) : `:${seconds.toString(36)}`;
}
