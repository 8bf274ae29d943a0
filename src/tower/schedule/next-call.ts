import { Cron } from "croner";
import { coerceError } from "../../lib/errors.ts";

/** When a scheduled task runs. Pure: times are milliseconds since 1970. */
export interface Timing {
  readonly type: "minutes" | "hours" | "days" | "weeks" | "months" | "years" | "dow" | "cron";
  /** How many of the unit, from 1; nothing to `dow` and `cron`. */
  readonly every: number;
  /** For `dow`: 1 is Monday, 7 is Sunday. */
  readonly weekdays: readonly number[];
  /** For `cron`: five parts, or a name like `@daily`. */
  readonly cronExpression: string | null;
  /** IANA name: whose days, weekdays and hours. */
  readonly timeZone: string;
}

const FIXED_MS = { minutes: 60_000, hours: 3_600_000 } as const;

/**
 * The first time after `now`. However long nobody looked, what was missed is passed by: the caller has run it once.
 *
 * Counted from the time that was planned, not from the end of the run: a task of three o'clock stays one of
 * three o'clock. Minutes and hours are durations; days and longer keep the time of the clock through
 * changes of it. A month that has no such day gives its last.
 *
 * @param planned the time of the run that is due; its time of day is that of a `dow` task
 * @returns null when a cron expression never comes again
 * @throws RangeError for an unknown time zone; Error for a bad cron expression
 */
export function findNextCall(timing: Timing, planned: number, now: number): number | null {
  switch (timing.type) {
    case "cron":
      return (
        openCron(timing.cronExpression ?? "", timing.timeZone)
          .nextRun(new Date(now))
          ?.getTime() ?? null
      );
    case "dow":
      return findWeekday(timing, planned, now);
    case "minutes":
    case "hours": {
      if (planned > now) return planned;
      const step = timing.every * FIXED_MS[timing.type];
      return planned + (Math.floor((now - planned) / step) + 1) * step;
    }
    case "days":
    case "weeks":
    case "months":
    case "years":
      return findDate(timing.type, timing, planned, now);
  }
}

function findDate(
  unit: "days" | "weeks" | "months" | "years",
  { every, timeZone }: Timing,
  planned: number,
  now: number,
): number {
  const start = at(planned, timeZone);
  // From the start in one step: the 31st stays the 31st over a month that has none.
  const passed = planned > now ? 0 : Math.floor(start.until(at(now, timeZone), { largestUnit: unit })[unit] / every);
  for (let count = passed; ; count += 1) {
    const time = start.add({ [unit]: count * every }).epochMilliseconds;
    if (time > now) return time;
  }
}

function findWeekday({ weekdays, timeZone }: Timing, planned: number, now: number): number | null {
  if (weekdays.length === 0) return null;
  const time = at(planned, timeZone).toPlainTime();
  for (let date = at(now, timeZone).toPlainDate(); ; date = date.add({ days: 1 })) {
    const candidate = date.toZonedDateTime({ timeZone, plainTime: time }).epochMilliseconds;
    if (candidate > now && weekdays.includes(date.dayOfWeek)) return candidate;
  }
}

function at(time: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
}

/** @returns what is wrong with an expression, for people; null when it comes again */
export function describeCronProblem(expression: string): string | null {
  try {
    // From anywhere: without years in it, what comes at all comes again.
    if (openCron(expression, "UTC").nextRun(new Date(0)) === null) return "never comes: no month has such a day";
    return null;
  } catch (thrown) {
    return `is no cron expression: ${coerceError(thrown).message.replace(/^CronPattern: /, "")}`;
  }
}

export function isTimeZone(name: string): boolean {
  try {
    at(0, name);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return false;
  }
}

/**
 * As Vixie cron has it, with names and `L`, `W`, `#`. At a change of the clock a fixed time that is skipped
 * comes right after, one that comes twice runs once, and `*` goes on every so often.
 *
 * @throws Error
 */
function openCron(expression: string, timezone: string): Cron {
  // It also takes a date, which comes once, and seconds.
  if (!expression.startsWith("@") && expression.trim().split(/\s+/).length !== 5)
    throw new Error("it has five parts: minute, hour, day, month, weekday");
  return new Cron(expression, { timezone, paused: true, mode: "5-part", fixedTimeRule: "no-wildcard" });
}
