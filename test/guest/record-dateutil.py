"""Writes what the real dateutil answers to fixtures/dateutil.json: to the expressions in
fixtures/dateutil-cases.txt, and to some that are put together at random, but always the same.

    TZ=UTC python3 test/guest/record-dateutil.py"""

import datetime
import json
import os
import pathlib
import random
import time
import warnings

import dateutil
import dateutil.parser
import dateutil.relativedelta
import dateutil.rrule
import dateutil.tz

FIXTURES = pathlib.Path(__file__).with_name("fixtures")

# Programs run this too, with our own dateutil.
PRELUDE = """\
parse, isoparse = dateutil.parser.parse, dateutil.parser.isoparse
rd, rr, tz = dateutil.relativedelta, dateutil.rrule, dateutil.tz
relativedelta = rd.relativedelta
date, dt, timedelta = datetime.date, datetime.datetime, datetime.timedelta
start = dt(2004, 8, 27)
def build(fill):
    rules = rr.rruleset()
    fill(rules)
    return rules[:12]
def attempt(expression):
    try:
        return repr(expression())
    except Exception as error:
        return f"!{repr(error).partition('(')[0]}: {error}"
"""


class Random(random.Random):
    def some(self, values, chance):
        """One of them or, less often, several, as source; nothing most of the time."""
        if self.random() > chance:
            return None
        several = tuple(self.choice(values) for _ in range(self.randint(1, 3)))
        return repr(several[0] if len(several) == 1 else several)

    def arguments(self, **choices):
        """Keyword arguments as source. Each of `choices` is a chance and values."""
        chosen = ((name, self.some(values, chance)) for name, (chance, values) in choices.items())
        return [f"{name}={value}" for name, value in chosen if value is not None]


def make_delta(source):
    parts = []
    for name in ("years", "months", "days", "weeks", "hours", "minutes", "seconds", "microseconds", "leapdays"):
        if source.random() < 0.25:
            parts.append(f"{name}={source.choice([1, -1, 2, 5, -7, 13, -14, 25, 61, -100, 1000])}")
    for name, values in (("year", [1999, 2024]), ("month", range(1, 13)), ("day", range(1, 32)), ("hour", [0, 23]), ("minute", [0, 59])):
        if source.random() < 0.12:
            parts.append(f"{name}={source.choice(values)}")
    if source.random() < 0.2:
        parts.append(f"weekday={source.choice(['rd.MO', 'rd.FR(-1)', 'rd.SU(2)', '3', 'rd.WE(-3)'])}")
    return f"relativedelta({', '.join(parts)})"


def make_moment(source):
    day = f"{source.choice([1999, 2003, 2004, 2024, 2100])}, {source.randint(1, 12)}, {source.randint(1, 28)}"
    return f"date({day})" if source.random() < 0.3 else f"dt({day}, {source.randint(0, 23)}, {source.choice([0, 59])}, 1, {source.choice([0, 999999])})"


def make_delta_case(source):
    forms = (
        "{d}", "{m} + {d}", "{m} - {d}", "relativedelta({m}, {m})", "{d} + {d}", "{d} - {d}", "{d} * 1.75", "{d} / 3",
        "({d} / 2).normalized()", "-{d}", "abs({d})", "{d} == {d}", "{d} + timedelta(hours=-30)",
    )  # fmt: skip
    form = source.choice(forms)
    while "{" in form:
        form = form.replace("{d}", make_delta(source), 1).replace("{m}", make_moment(source), 1)
    return form


def make_rule_case(source):
    frequency = source.choice(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"])
    parts = [f"rr.{frequency}", f"dtstart=dt({source.choice([1999, 2020, 2024])}, {source.choice([1, 2, 9, 12])}, {source.choice([1, 2, 28])}, 9, 30)"]
    parts += [f"interval={source.choice([1, 2, 3, 7, 90])}", f"wkst={source.choice(['rr.SU', 'rr.MO', '3'])}", f"until=dt({source.choice([2025, 2030])}, 5, 6)"]
    weekdays = ["rr.MO", "(rr.TU, rr.TH)", "(rr.MO(1), rr.FR(-1))", "(0, 4)", "rr.WE(-3)", "rr.TH(4)"]
    if source.random() < 0.35:
        parts.append(f"byweekday={source.choice(weekdays)}")
    parts += source.arguments(
        bymonth=(0.25, [1, 2, 3, 9, 11, 12]),
        bymonthday=(0.2, [1, 13, 28, 31, -1, -2]),
        byyearday=(0.1, [1, 60, 200, 366, -1]),
        byweekno=(0.1, [1, 10, 20, 30]),
        byhour=(0.25, [0, 6, 9, 18]),
        byminute=(0.2, [0, 30, 59]),
        bysetpos=(0.2, [1, 2, 3, -1, -2]),
    )
    return f"(lambda rule: (str(rule), rule[:8]))(rr.rrule({', '.join(parts)}))"


def read_cases():
    """Heading to expressions."""
    cases = {}
    for line in (FIXTURES / "dateutil-cases.txt").read_text().splitlines():
        if line.startswith("# "):
            expressions = cases.setdefault(line[2:], [])
        elif line:
            expressions.append(line)
    source = Random(5545)
    cases["relativedelta at random"] = [make_delta_case(source) for _ in range(300)]
    cases["rules at random"] = [make_rule_case(source) for _ in range(200)]
    return cases


def main():
    if time.tzname != ("UTC", "UTC"):
        raise SystemExit("run it with TZ=UTC")
    warnings.simplefilter("ignore")
    namespace = {"dateutil": dateutil, "datetime": datetime}
    exec(PRELUDE, namespace)
    attempt = namespace["attempt"]

    def record(expression):
        return [expression, attempt(eval(f"lambda: ({expression})", namespace)).replace("/usr/share/zoneinfo/", "")]

    recorded = {
        "dateutil": dateutil.__version__,
        "prelude": PRELUDE,
        "cases": {heading: [record(expression) for expression in expressions] for heading, expressions in read_cases().items()},
    }
    with open(os.path.join(FIXTURES, "dateutil.json"), "w", encoding="utf-8") as file:
        json.dump(recorded, file, indent=1, ensure_ascii=False)
        file.write("\n")


main()
