import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { lines, openSandbox } from "../sandbox/support.ts";

/** What the real pytz answers, with the same version of the data: see `record-timezone.py`. */
interface Recorded {
  readonly zones: Readonly<Record<string, RecordedZone>>;
  readonly summaries: Readonly<Record<string, readonly string[]>>;
}

interface RecordedZone {
  readonly repr: string;
  /** A time on the clock; what comes of it with `is_dst` false, true and None. */
  readonly localize: readonly (readonly string[])[];
  readonly astimezone: readonly (readonly string[])[];
  readonly normalize: readonly (readonly string[])[];
  readonly unlocalized: readonly (readonly string[])[];
}

const recorded = JSON.parse(readFileSync(new URL("fixtures/timezone.json", import.meta.url), "utf8")) as Recorded;
const data = readFileSync(new URL("../../src/sandbox/python/guest/time_zones.txt", import.meta.url), "utf8");

const { sandbox, read, run } = await openSandbox();
afterAll(() => sandbox.close(0));
const limits = { cpuMs: 20_000, wallMs: 30_000, resultBytes: 10_000_000 };

const evaluate = (expression: string) => read(`result['message'] = ${expression}`);

async function raise(source: string) {
  const outcome = await run(source);
  return outcome.status === "raised" ? `${outcome.type}: ${outcome.message}` : outcome;
}

describe("timezone is pytz's", () => {
  const REPEAT = lines(
    "def describe(make):",
    "    try: made = make()",
    "    except Exception as error: return repr(error)",
    "    return f'{made.isoformat()} {made.tzname()} {made.dst()}'",
    "def parse(text):",
    "    return datetime.datetime.fromisoformat(text)",
    "tz, utc, hours = timezone(zone['name']), timezone('UTC'), datetime.timedelta(hours=5)",
    "result['message'] = {",
    "    'repr': repr(tz),",
    "    'localize': [[t[0]] + [describe(lambda: tz.localize(parse(t[0]), is_dst=d)) for d in (False, True, None)] for t in zone['localize']],",
    "    'astimezone': [[t[0], describe(lambda: utc.localize(parse(t[0])).astimezone(tz))] for t in zone['astimezone']],",
    "    'normalize': [[t[0], describe(lambda: tz.normalize(tz.localize(parse(t[0])) - hours))] for t in zone['normalize']],",
    "    'unlocalized': [[t[0], describe(lambda: parse(t[0]).replace(tzinfo=tz))] for t in zone['unlocalized']],",
    "}",
  );
  it.each(Object.entries(recorded.zones))("in %s", async (name, zone) => {
    const value = {
      name,
      localize: zone.localize.map((times) => [...times]),
      astimezone: zone.astimezone.map((times) => [...times]),
      normalize: zone.normalize.map((times) => [...times]),
      unlocalized: zone.unlocalized.map((times) => [...times]),
    };
    expect(await read(REPEAT, { inputs: { zone: { kind: "json", value } }, limits })).toEqual(zone);
  });

  it("in all others, this year's summer and winter", async () => {
    const names = Object.keys(recorded.summaries);
    expect(names.length).toBeGreaterThan(590);
    const source = lines(
      "def summarize(tz):",
      "    moments = [timezone('utc').localize(datetime.datetime(2024, month, 15)).astimezone(tz) for month in (1, 7)]",
      "    return [repr(tz)] + [f'{moment:%z %Z} {moment.dst()}' for moment in moments]",
      "result['message'] = {name: summarize(timezone(name)) for name in names}",
    );
    expect(await read(source, { inputs: { names: { kind: "json", value: names } }, limits })).toEqual(
      recorded.summaries,
    );
  });
});

describe("timezone", () => {
  it.each([
    ["finds a zone whatever the case", "timezone('eUROPE/berlin').zone", "Europe/Berlin"],
    ["keeps the name of an alias", "str(timezone('US/Eastern'))", "US/Eastern"],
    ["knows the way old releases wrote signs", "str(timezone('Etc/GMT_plus_1'))", "Etc/GMT+1"],
    ["gives the same zone each time", "timezone('Europe/Berlin') is timezone('europe/berlin')", true],
    ["gives one UTC", "timezone('UTC') is timezone('utc')", true],
    ["tells zones apart", "timezone('US/Eastern') == timezone('America/New_York')", false],
    ["gives a tzinfo", "isinstance(timezone('Europe/Berlin'), datetime.tzinfo)", true],
    ["gives keys of a dict", "{timezone('UTC'): 1}[timezone('UTC')]", 1],
    [
      "leaves arithmetic to normalize",
      "str(timezone('Europe/Berlin').localize(datetime.datetime(2024, 3, 31, 1)) + datetime.timedelta(hours=2))",
      "2024-03-31 03:00:00+01:00",
    ],
    ["is understood by now()", "datetime.datetime.now(timezone('Asia/Tokyo')).strftime('%Z %z')", "JST +0900"],
    [
      "goes with datetime.timezone",
      "str(datetime.datetime(2024, 7, 1, 12, tzinfo=datetime.timezone.utc).astimezone(timezone('Europe/Berlin')))",
      "2024-07-01 14:00:00+02:00",
    ],
    [
      "normalizes what has another tzinfo",
      "str(timezone('Europe/Berlin').normalize(datetime.datetime(2024, 7, 1, 12, tzinfo=datetime.timezone.utc)))",
      "2024-07-01 14:00:00+02:00",
    ],
    [
      "goes on through strptime with %z",
      "str(datetime.datetime.strptime('2024-07-01 12:00 +0200', '%Y-%m-%d %H:%M %z').astimezone(timezone('UTC')))",
      "2024-07-01 10:00:00+00:00",
    ],
    [
      "is not needed by astimezone(), which gives UTC",
      "datetime.datetime(2024, 7, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2))).astimezone().strftime('%H %z')",
      "10 +0000",
    ],
    [
      "compares across zones",
      "timezone('Europe/Berlin').localize(datetime.datetime(2024, 7, 1, 14)) == timezone('UTC').localize(datetime.datetime(2024, 7, 1, 12))",
      true,
    ],
    ["has the zone's name for a time without a date", "timezone('Europe/Berlin').tzname(None)", "Europe/Berlin"],
  ])("%s", async (_what, expression, expected) => {
    expect(await evaluate(expression)).toBe(expected);
  });

  it.each([
    ["an unknown zone", "timezone('Mars/Base')", "UnknownTimeZoneError: 'Mars/Base'"],
    ["a zone in other letters", "timezone('Europe/Zürich')", "UnknownTimeZoneError: 'Europe/Zürich'"],
    ["a path", "timezone('../../etc/passwd')", "UnknownTimeZoneError: '../../etc/passwd'"],
    ["None", "timezone(None)", "UnknownTimeZoneError: None"],
    ["a number", "timezone(5)", "AttributeError: 'int' object has no attribute 'upper'"],
    ["its attribute utc", "timezone.utc", "AttributeError: 'function' object has no attribute 'utc'"],
    [
      "an aware time in localize",
      "timezone('Europe/Berlin').localize(datetime.datetime.now(datetime.timezone.utc))",
      "ValueError: Not naive datetime (tzinfo is already set)",
    ],
    [
      "a naive time in normalize",
      "timezone('Europe/Berlin').normalize(datetime.datetime(2024, 1, 1))",
      "ValueError: Naive time - no tzinfo set",
    ],
    [
      "a time that the clock shows twice",
      "timezone('Europe/Berlin').localize(datetime.datetime(2024, 10, 27, 2, 30), is_dst=None)",
      "AmbiguousTimeError: 2024-10-27 02:30:00",
    ],
    [
      "a time that the clock skips",
      "timezone('Europe/Berlin').localize(datetime.datetime(2024, 3, 31, 2, 30), is_dst=None)",
      "NonExistentTimeError: 2024-03-31 02:30:00",
    ],
  ])("refuses %s", async (_what, source, expected) => {
    expect(await raise(source)).toBe(expected);
  });

  it("lets KeyError catch an unknown zone", async () => {
    expect(await read("try: timezone('Mars/Base')\nexcept KeyError: result['message'] = 'caught'")).toBe("caught");
  });
});

describe("the time zone data", () => {
  it("is not older than that of Node", () => {
    const [version = ""] = data.split("\n", 1);
    expect(version).toMatch(/^20\d\d[a-z]$/);
    expect(version >= (process.versions["tz"] ?? "")).toBe(true);
  });

  it("has the offsets that Node has", async () => {
    // Two names that are zones of their own in one set of rules and aliases in the other.
    const differing = ["EET", "WET"];
    const names = Object.keys(recorded.summaries).filter((name) => isKnownToNode(name) && !differing.includes(name));
    expect(names.length).toBeGreaterThan(590);
    const years = [1985, 1995, 2005, 2015, 2025];
    const months = [0, 2, 4, 6, 8, 10];
    const moments = years.flatMap((year) => months.map((month) => Date.UTC(year, month, 20) / 1000));
    const source = lines(
      "moments = [datetime.datetime.fromtimestamp(s, datetime.timezone.utc) for s in seconds]",
      "def offsets(tz): return [int(m.astimezone(tz).utcoffset().total_seconds()) for m in moments]",
      "result['message'] = {name: offsets(timezone(name)) for name in names}",
    );
    const inputs = { names: { kind: "json", value: names }, seconds: { kind: "json", value: moments } } as const;
    const ours = await read(source, { inputs, limits });
    expect(ours).toEqual(
      Object.fromEntries(names.map((name) => [name, moments.map((moment) => offsetAt(name, moment))])),
    );
  });
});

function isKnownToNode(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).format(0) !== "";
  } catch {
    return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Seconds east of UTC, as the runtime's own data has it. */
function offsetAt(timeZone: string, seconds: number): number {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  formats.set(timeZone, format);
  const name = format.formatToParts(seconds * 1000).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours = "0", minutes = "0"] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60) + 0;
}
