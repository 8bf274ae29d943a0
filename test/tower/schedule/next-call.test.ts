import { describe, expect, it } from "vitest";
import { describeCronProblem, findNextCall, isTimeZone, type Timing } from "../../../src/tower/schedule/next-call.ts";

const BERLIN = { timeZone: "Europe/Berlin" };
const cron = (cronExpression: string, more: Partial<Timing> = {}): Partial<Timing> => ({
  type: "cron",
  cronExpression,
  ...more,
});

// Clocks in Berlin go forward on 2026-03-29 at 01:00 UTC, and back on 2026-10-25 at 01:00 UTC.
const CASES: ReadonlyArray<
  readonly [what: string, timing: Partial<Timing>, planned: string, now: string, next: string | null]
> = [
  ["minutes", { type: "minutes", every: 5 }, "2026-11-24T12:00", "2026-11-24T12:00:03", "2026-11-24T12:05"],
  ["exactly on time", { type: "minutes", every: 5 }, "2026-11-24T12:00", "2026-11-24T12:00", "2026-11-24T12:05"],
  ["minutes, many missed", { type: "minutes", every: 5 }, "2026-11-24T12:00", "2026-11-30T00:03", "2026-11-30T00:05"],
  ["not due yet", { type: "hours", every: 1 }, "2026-11-24T15:00", "2026-11-24T12:00", "2026-11-24T15:00"],
  [
    "hours are durations",
    { type: "hours", every: 24, ...BERLIN },
    "2026-03-28T02:00",
    "2026-03-28T02:00",
    "2026-03-29T02:00",
  ],
  [
    "days keep the time of the clock",
    { type: "days", ...BERLIN },
    "2026-03-28T02:00",
    "2026-03-28T02:00",
    "2026-03-29T01:00",
  ],
  ["days, late by less than one", { type: "days" }, "2026-11-24T03:00", "2026-11-24T22:00", "2026-11-25T03:00"],
  ["days, many missed", { type: "days", every: 3 }, "2026-11-01T03:00", "2026-11-24T12:00", "2026-11-25T03:00"],
  [
    "a skipped hour comes an hour later",
    { type: "days", ...BERLIN },
    "2026-03-28T01:30",
    "2026-03-28T01:30",
    "2026-03-29T01:30",
  ],
  ["weeks", { type: "weeks", every: 2 }, "2026-11-24T03:00", "2026-11-24T03:00", "2026-12-08T03:00"],
  ["months", { type: "months" }, "2026-11-24T03:00", "2026-11-24T03:00", "2026-12-24T03:00"],
  ["a month without such a day", { type: "months" }, "2026-01-31T03:00", "2026-01-31T03:00", "2026-02-28T03:00"],
  ["the 31st over a shorter month", { type: "months" }, "2026-01-31T03:00", "2026-03-01T03:00", "2026-03-31T03:00"],
  ["years", { type: "years" }, "2024-02-29T03:00", "2024-02-29T03:00", "2025-02-28T03:00"],
  ["years, some missed", { type: "years" }, "2024-02-29T03:00", "2027-06-01T00:00", "2028-02-29T03:00"],
  // 2026-11-24 is a Tuesday.
  ["weekdays", { type: "dow", weekdays: [1, 5] }, "2026-11-24T03:00", "2026-11-24T03:00", "2026-11-27T03:00"],
  ["the same weekday", { type: "dow", weekdays: [2] }, "2026-11-24T03:00", "2026-11-24T03:01", "2026-12-01T03:00"],
  ["a weekday later today", { type: "dow", weekdays: [2] }, "2026-11-17T15:00", "2026-11-24T12:00", "2026-11-24T15:00"],
  [
    "a weekday of the zone",
    { type: "dow", weekdays: [3], ...BERLIN },
    "2026-11-23T23:30",
    "2026-11-24T12:00",
    "2026-11-24T23:30",
  ],
  [
    "weekdays keep the time of the clock",
    { type: "dow", weekdays: [7], ...BERLIN },
    "2026-10-18T03:00",
    "2026-10-18T03:00",
    "2026-10-25T04:00",
  ],
  ["no weekday", { type: "dow", weekdays: [] }, "2026-11-24T03:00", "2026-11-24T03:00", null],
  ["cron", cron("30 6 * * MON-FRI"), "2026-11-27T06:30", "2026-11-27T06:30", "2026-11-30T06:30"],
  ["cron in a zone", cron("30 6 * * *", BERLIN), "2026-11-27T05:30", "2026-11-27T05:30", "2026-11-28T05:30"],
  ["cron, day or weekday", cron("0 0 1 * MON"), "2026-11-24T00:00", "2026-11-24T00:00", "2026-11-30T00:00"],
  ["cron by name", cron("@monthly"), "2026-11-01T00:00", "2026-11-24T00:00", "2026-12-01T00:00"],
  [
    "cron, a fixed time that is skipped",
    cron("30 2 * * *", BERLIN),
    "2026-03-28T01:30",
    "2026-03-28T01:30",
    "2026-03-29T01:00",
  ],
  [
    "cron, fixed times of which one is skipped",
    cron("30 2,14 * * *", BERLIN),
    "2026-03-28T13:30",
    "2026-03-28T13:30",
    "2026-03-29T01:00",
  ],
  [
    "cron, a fixed time that comes twice",
    cron("30 2 * * *", BERLIN),
    "2026-10-25T00:30",
    "2026-10-25T00:30",
    "2026-10-26T01:30",
  ],
  [
    "cron, every so often through it",
    cron("*/30 * * * *", BERLIN),
    "2026-10-25T00:30",
    "2026-10-25T00:30",
    "2026-10-25T01:00",
  ],
  ["cron on February 29th", cron("0 0 29 2 *"), "2026-11-24T00:00", "2026-11-24T00:00", "2028-02-29T00:00"],
  ["cron that never comes", cron("0 0 30 2 *"), "2026-11-24T00:00", "2026-11-24T00:00", null],
];

const toTime = (text: string) => Date.parse(`${text}Z`);

describe("findNextCall", () => {
  it.each(CASES)("%s", (_what, timing, planned, now, next) => {
    const all: Timing = { type: "days", every: 1, weekdays: [], cronExpression: null, timeZone: "UTC", ...timing };
    const found = findNextCall(all, toTime(planned), toTime(now));
    expect(found === null ? null : new Date(found).toISOString()).toBe(next && new Date(toTime(next)).toISOString());
  });

  it("is always after now, whatever the time of day", () => {
    for (const type of ["minutes", "hours", "days", "weeks", "months", "years", "dow", "cron"] as const) {
      const timing: Timing = { type, every: 1, weekdays: [2, 6], cronExpression: "7 1,2,3 * * *", ...BERLIN };
      for (let hour = 0; hour < 24 * 370; hour += 7) {
        const now = toTime("2026-01-01T00:13:17") + hour * 3_600_000;
        const next = findNextCall(timing, toTime("2025-12-31T01:30"), now);
        expect(next, `${type} after ${new Date(now).toISOString()}`).toBeGreaterThan(now);
      }
    }
  });
});

describe("describeCronProblem", () => {
  it.each([
    ["* * * *", /five parts/],
    ["0 0 0 * * *", /five parts/],
    ["2026-12-01T00:00:00", /five parts/],
    ["61 * * * *", /minute: 61/],
    ["0 0 * * fridy", /fridy/],
    ["@reboot", /@reboot/],
    ["0 0 31 4 *", /never comes/],
  ])("%s", (expression, problem) => {
    expect(describeCronProblem(expression)).toMatch(problem);
  });

  it.each(["*/5 * * * *", "0 9-17 * * MON-FRI", "@daily", "0 0 L * *", " 0 0  1 1 * "])("takes %s", (expression) => {
    expect(describeCronProblem(expression)).toBeNull();
  });
});

it("isTimeZone", () => {
  expect(["UTC", "Europe/Berlin", "Mars/Olympus", ""].map(isTimeZone)).toEqual([true, true, false, false]);
});
