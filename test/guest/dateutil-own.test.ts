import { afterAll, describe, expect, it } from "vitest";
import { lines, openSandbox } from "../sandbox/support.ts";

const { sandbox, read, run } = await openSandbox();
afterAll(() => sandbox.close(0));

const evaluate = (expression: string) => read(`result['message'] = ${expression}`);

async function raise(expression: string) {
  const outcome = await run(expression);
  return outcome.status === "raised" ? `${outcome.type}: ${outcome.message}` : outcome;
}

describe("dateutil as snippets use it", () => {
  it.each([
    ["counts months", "str(datetime.date(2026, 1, 31) + dateutil.relativedelta.relativedelta(months=1))", "2026-02-28"],
    [
      "reads what senders write",
      "[dateutil.parser.parse(t).isoformat() for t in ['2026-03-01T10:00:00Z', 'Sun, 01 Mar 2026 10:00:00 +0100', 'March 1, 2026 10am']]",
      ["2026-03-01T10:00:00+00:00", "2026-03-01T10:00:00+01:00", "2026-03-01T10:00:00"],
    ],
    [
      "gives times that can be compared with those of datetime",
      "dateutil.parser.isoparse('2026-03-01T10:00:00+01:00') == datetime.datetime(2026, 3, 1, 9, tzinfo=datetime.timezone.utc)",
      true,
    ],
    [
      "finds the last Friday of months",
      "[str(d.date()) for d in dateutil.rrule.rrule(dateutil.rrule.MONTHLY, dtstart=datetime.datetime(2026, 1, 1), count=2, byweekday=dateutil.rrule.FR(-1))]",
      ["2026-01-30", "2026-02-27"],
    ],
    [
      "has the zones of timezone",
      "[dateutil.tz.gettz('Europe/Berlin').zone, dateutil.tz.gettz('Europe/Berlin') == timezone('Europe/Berlin')]",
      ["Europe/Berlin", true],
    ],
    [
      "converts to a zone",
      "str(dateutil.parser.parse('2026-07-01T10:00:00Z').astimezone(timezone('Europe/Berlin')))",
      "2026-07-01 12:00:00+02:00",
    ],
    [
      "keeps the time of day of a zone over the change of its clock",
      "[str(d) for d in dateutil.rrule.rrulestr('DTSTART;TZID=Europe/Berlin:20260328T090000\\nRRULE:FREQ=DAILY;COUNT=2')]",
      ["2026-03-28 09:00:00+01:00", "2026-03-29 09:00:00+02:00"],
    ],
    ["takes a year of two digits near now", "dateutil.parser.parse('1 May 31').year", 2031],
  ])("%s", async (_what, expression, expected) => {
    expect(await evaluate(expression)).toEqual(expected);
  });

  it("takes today at midnight for what is not said", async () => {
    const source = "result['message'] = [str(dateutil.parser.parse('10:30')), str(datetime.date.today())]";
    const [moment, today] = (await read(source)) as string[];
    expect(moment).toBe(`${today} 10:30:00`);
  });

  it("raises what can be caught", async () => {
    const source = lines(
      "found = []",
      "for kind in (ValueError, dateutil.parser.ParserError, Exception):",
      "    try: dateutil.parser.parse('tomorrow')",
      "    except kind as error: found.append(str(error))",
      "result['message'] = found",
    );
    expect(await read(source)).toEqual(Array(3).fill("Unknown string format: tomorrow"));
    expect(await raise("dateutil.parser.parse('2026-13-01')")).toBe("ParserError: month must be in 1..12: 2026-13-01");
    expect(await raise("dateutil.tz.gettz('Mars/Base')")).toBe("UnknownTimeZoneError: 'Mars/Base'");
  });
});

describe("dateutil differs on purpose", () => {
  it.each([
    ["parse() takes no parserinfo", "dateutil.parser.parse('2026', 1)", "TypeError: parserinfo is not supported"],
    [
      "nor zones as texts",
      "dateutil.parser.parse('10:00 EST', tzinfos={'EST': 'EST5EDT'})",
      "TypeError: Offset must be tzinfo subclass, tz string, or int offset.",
    ],
    [
      "years that no datetime has are no OverflowError",
      "dateutil.parser.parse('123456789012345')",
      "ParserError: year 123456789012345 is out of range: 123456789012345",
    ],
    [
      "nor numbers of any length",
      "dateutil.parser.parse('1' * 5000)",
      expect.stringMatching(/^ParserError: Unknown string format: 1+$/),
    ],
    [
      "a text has at most 100,000 characters",
      "dateutil.parser.parse(' ' * 100_001)",
      "ParserError: the text is longer than 100000 characters",
    ],
    [
      "isoparse takes digits only",
      "dateutil.parser.isoparse('2026-+1-02')",
      "ValueError: invalid ISO date: '2026-+1-02'",
    ],
    [
      "an interval is at least 1",
      "dateutil.rrule.rrule(dateutil.rrule.DAILY, interval=0)",
      "ValueError: interval must be at least 1",
    ],
    ["a frequency is known at once", "dateutil.rrule.rrule(9)", "ValueError: unknown frequency 9"],
    ["rrulestr needs a rule", "dateutil.rrule.rrulestr('DTSTART:20260101T000000')", "ValueError: there is no RRULE"],
    ["and the rule a frequency", "dateutil.rrule.rrulestr('COUNT=1')", "ValueError: a rule needs a FREQ"],
  ])("%s", async (_what, expression, expected) => {
    expect(await raise(expression)).toEqual(expected);
  });

  it("every Tuesday and the first Monday are both meant", async () => {
    const source =
      "result['message'] = [d.day for d in dateutil.rrule.rrulestr('DTSTART:20260101T000000\\nRRULE:FREQ=MONTHLY;BYDAY=TU,1MO;COUNT=5')]";
    expect(await read(source)).toEqual([5, 6, 13, 20, 27]);
  });

  it("January 1, 2022 is in the 52nd week of 2021, not in a 53rd", async () => {
    const source =
      "result['message'] = [str(d.date()) for d in dateutil.rrule.rrulestr('DTSTART:20210101T000000\\nRRULE:FREQ=YEARLY;BYWEEKNO=53;BYDAY=SA;COUNT=2')]";
    expect(await read(source)).toEqual(["2021-01-02", "2027-01-02"]);
  });

  it("a rule of which nothing comes ends at its until", async () => {
    const source =
      "result['message'] = list(dateutil.rrule.rrulestr('DTSTART:20260101T000000\\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20270101'))";
    expect(await read(source, { limits: { cpuMs: 500 } })).toEqual([]);
  });

  it("equal deltas are one in a set", async () => {
    const source = lines(
      "rd = dateutil.relativedelta",
      "result['message'] = len({rd.relativedelta(weekday=rd.MO), rd.relativedelta(weekday=rd.MO(1))})",
    );
    expect(await read(source)).toBe(1);
  });

  it("slices may count from the end", async () => {
    const source =
      "result['message'] = [d.day for d in dateutil.rrule.rrule(dateutil.rrule.DAILY, dtstart=datetime.datetime(2026, 1, 1), count=4)[-2:]]";
    expect(await read(source)).toEqual([3, 4]);
  });
});

describe("dateutil is held in", () => {
  it.each([
    ["an endless rule", "list(dateutil.rrule.rrule(dateutil.rrule.SECONDLY))"],
    ["a rule of which nothing comes", "dateutil.rrule.rrulestr('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30')[0]"],
    [
      "a set that excludes all it has",
      "s = dateutil.rrule.rruleset()\nr = dateutil.rrule.rrule(dateutil.rrule.SECONDLY)\ns.rrule(r)\ns.exrule(r)\ns[0]",
    ],
  ])("%s ends with the time of the run", async (_what, source) => {
    expect(await run(source, { limits: { cpuMs: 300 } })).toMatchObject({ status: "limit", limit: "cpu" });
    expect(await evaluate("str(dateutil.parser.parse('2026-01-01').date())")).toBe("2026-01-01");
  });

  it("no text costs more than its length", async () => {
    const texts = [
      "'1.' * 50000",
      "'(' * 100000",
      "'10:' * 33000",
      "'a' * 100000",
      "'Sep of ' * 14000",
      "'1,' * 50000",
    ];
    const source = lines(
      `for text in [${texts.join(", ")}]:`,
      "    for fuzzy in (False, True):",
      "        try: dateutil.parser.parse(text, fuzzy_with_tokens=fuzzy)",
      "        except ValueError: pass",
      "result['message'] = True",
    );
    expect(await read(source, { limits: { cpuMs: 20_000 } })).toBe(true);
  });

  it("a rule does not work out more than is asked for", async () => {
    const source = lines(
      "rr, parts = dateutil.rrule, {'byhour': range(24), 'byminute': range(60), 'bysecond': range(60)}",
      "rule = rr.rrule(rr.YEARLY, dtstart=datetime.datetime(2026, 1, 1), byyearday=range(1, 366), **parts)",
      "result['message'] = str(rule[100_000])",
    );
    expect(await read(source)).toBe("2026-01-02 03:46:40");
  });

  it("a rule that has given all it may does not look for more", async () => {
    const source = lines(
      "rule = dateutil.rrule.rrulestr('DTSTART:20260101T000000\\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYWEEKNO=9;COUNT=1')",
      "result['message'] = [str(d.date()) for d in rule]",
    );
    expect(await read(source, { limits: { cpuMs: 500 } })).toEqual(["2028-02-29"]);
  });

  it("what is shared stays as it is", async () => {
    const source = lines(
      "rr, rd = dateutil.rrule, dateutil.relativedelta",
      "start = datetime.datetime(2026, 1, 1)",
      "rule = rr.rrule(rr.MONTHLY, dtstart=start, byweekday=rr.MO(1), count=2, cache=True)",
      "values = [rr.MO, rr.MO(2), rd.MO, rd.FR(-1), dateutil.tz.UTC, dateutil.tz.tzoffset('a', 60), rd.relativedelta(months=1)]",
      "result['message'] = [repr(values), str(rule), [str(d) for d in rule], repr(dateutil.parser.parse('10:00 Z', default=start))]",
    );
    const before = await read(source);
    await run(
      lines(
        "rr = dateutil.rrule",
        "rule = rr.rrule(rr.MONTHLY, byweekday=rr.MO(1), count=2, cache=True)",
        "rule._given.clear()",
        "rule.before(datetime.datetime(2030, 1, 1))",
        "rule._kept.clear()",
        "s = rr.rruleset()",
        "s.rdate(1)",
        "s._dates.clear()",
      ),
    );
    expect(await read(source)).toEqual(before);
  });

  it.each([
    "dateutil.rrule.MO.n = 1",
    "dateutil.tz.UTC._offset = None",
    "dateutil.rrule.rrule.count = None",
    "dateutil.parser = None",
  ])("%s is refused", async (source) => {
    expect(await run(source)).toMatchObject({ status: "refused" });
  });

  it("no class has what could be changed", async () => {
    const names =
      "_RELATIVE _ABSOLUTE _kept _source _rules _dates _given _bymonth _dtstart years weekday n args _name _offset";
    const source = lines(
      "found = []",
      "rd, rr, tz, p = dateutil.relativedelta, dateutil.rrule, dateutil.tz, dateutil.parser",
      ...names
        .split(" ")
        .flatMap((name) =>
          ["rd.relativedelta", "rr.rrule", "rr.rruleset", "tz.tzutc", "tz.tzoffset", "p.ParserError"].map(
            (owner) => `try: found.append(${owner}.${name})\nexcept AttributeError: pass`,
          ),
        ),
      "result['message'] = [repr(x) for x in found if isinstance(x, (list, dict, set))]",
    );
    expect(await read(source)).toEqual([]);
  });
});
