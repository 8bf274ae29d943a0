"""Writes what the real pytz answers to fixtures/timezone.json.

    python3 test/guest/record-timezone.py [directory of compiled zones]

The directory should be the one that scripts/generate-time-zones.ts was given; without it pytz reads its own."""

import datetime
import json
import os
import sys

if len(sys.argv) > 1:
    os.environ["PYTZ_TZDATADIR"] = sys.argv[1]

import pytz  # noqa: E402  it looks at the environment

# Of each kind one: plain, southern, half an hour, negative, over the date line, without a name, fixed, old names.
ZONES = """
Europe/Berlin Europe/London Europe/Dublin Europe/Lisbon Europe/Moscow Europe/Warsaw Europe/Amsterdam Africa/Casablanca Africa/Cairo
America/New_York US/Eastern America/Sao_Paulo America/Caracas America/St_Johns America/Havana America/Santiago EST EST5EDT
Asia/Kolkata Asia/Kathmandu Asia/Tehran Asia/Tokyo Asia/Gaza Australia/Lord_Howe Australia/Sydney Pacific/Apia
Pacific/Kiritimati Antarctica/Troll Etc/GMT+1 GMT UTC
""".split()

TIMES = ["1850-01-01 00:00:00", "1901-12-13 21:00:00", "1943-07-01 12:00:00", "1970-01-01 00:00:00", "2024-01-15 12:00:00",
         "2024-07-15 12:00:00.123456", "2037-07-01 00:00:00", "2050-07-01 00:00:00"]
YEARS_OF_CHANGES = (1916, 1945, 2011, 2024)


def describe(make):
    try:
        made = make()
    except Exception as error:
        return repr(error)
    return f"{made.isoformat()} {made.tzname()} {made.dst()}"


def find_times(zone):
    """Times on the clock around changes of the zone."""
    times = [datetime.datetime.fromisoformat(time) for time in TIMES]
    changes = [change for change in getattr(zone, "_utc_transition_times", []) if change.year in YEARS_OF_CHANGES]
    for change in changes:
        before = (pytz.utc.localize(change) - datetime.timedelta(seconds=1)).astimezone(zone)
        clock = before.replace(tzinfo=None) + datetime.timedelta(seconds=1)
        times += [clock + datetime.timedelta(minutes=minutes) for minutes in (-90, -30, 0, 30)]
    return times


def record(name):
    zone = pytz.timezone(name)
    times = find_times(zone)
    hours = datetime.timedelta(hours=5)
    return {
        "repr": repr(zone),
        "localize": [
            [str(time), *(describe(lambda: zone.localize(time, is_dst=is_dst)) for is_dst in (False, True, None))] for time in times
        ],
        "astimezone": [[str(time), describe(lambda: pytz.utc.localize(time).astimezone(zone))] for time in times],
        "normalize": [[str(time), describe(lambda: zone.normalize(zone.localize(time) - hours))] for time in times],
        "unlocalized": [[str(time), describe(lambda: time.replace(tzinfo=zone))] for time in times[:2]],
    }


def summarize(name):
    """Short, so that there is room for every zone."""
    zone = pytz.timezone(name)
    moments = [pytz.utc.localize(datetime.datetime(2024, month, 15)).astimezone(zone) for month in (1, 7)]
    return [repr(zone), *(f"{moment:%z %Z} {moment.dst()}" for moment in moments)]


def write(file, value, depth=0):
    """JSON with a line for each case."""
    if isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], list)):
        keys = [f"{json.dumps(key)}: " for key in value] if isinstance(value, dict) else [""] * len(value)
        items = list(value.values()) if isinstance(value, dict) else value
        file.write("{" if isinstance(value, dict) else "[")
        for position, (key, item) in enumerate(zip(keys, items)):
            file.write(f"{',' if position else ''}\n{' ' * (depth + 1)}{key}")
            write(file, item, depth + 1)
        file.write(f"\n{' ' * depth}" + ("}" if isinstance(value, dict) else "]"))
    else:
        json.dump(value, file)


path = os.path.join(os.path.dirname(__file__), "fixtures", "timezone.json")
with open(path, "w") as file:
    zones = {name: record(name) for name in ZONES}
    write(file, {"zones": zones, "summaries": {name: summarize(name) for name in pytz.all_timezones}})
    file.write("\n")
print(f"{path}: pytz {pytz.__version__}")
