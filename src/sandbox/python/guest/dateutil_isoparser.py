"""isoparse: dates and times of ISO 8601, read strictly."""

import datetime
import re

from dateutil_dates import make_datetime
from dateutil_tz import UTC, tzoffset

_DATE = re.compile(
    r"""(?P<year>[0-9]{4})
    (?: (?P<dash>-?) W (?P<week>[0-9]{2}) (?: \Z | (?P<weekdash>-?) (?P<weekday>[0-9]) )
      | (?P<monthdash>-?) (?P<month>[0-9]{2}) (?P<daydash>-?) (?P<day>[0-9]{2})
      | -? (?P<ordinal>[0-9]{3})
      | -(?P<onlymonth>[0-9]{2}) \Z
      | \Z )""",
    re.VERBOSE,
)
_TIME = re.compile(
    r"""(?P<hour>[0-9]{2})
    (?: (?P<colon>:?) (?P<minute>[0-9]{2}|[0-9]\Z)
      (?: (?P<secondcolon>:?) (?P<second>[0-9]{2}|[0-9]\Z) (?: [.,] (?P<fraction>[0-9]+) )? )? )?""",
    re.VERBOSE,
)
_ZONE = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?")
_ZONE_LENGTHS = (1, 3, 5, 6)


def isoparse(str_in):
    """Gives a datetime; a zone is tzutc() or a tzoffset. Raises ValueError for anything else."""
    text = _to_text(str_in)
    if len(text) < 4:
        raise ValueError("ISO string too short")
    day, end = _read_date(text)
    if end == len(text):
        return datetime.datetime(day.year, day.month, day.day)
    # One character of any kind stands between the date and the time.
    return _read_time(day, text[end + 1:])


def _to_text(source):
    if hasattr(source, "read"):
        source = source.read()
    if not isinstance(source, (str, bytes, bytearray)):
        raise TypeError(f"object of type {type(source).__name__!r} has no len()")
    text = source if isinstance(source, str) else bytes(source).decode("latin-1")
    if not text.isascii():
        raise ValueError("ISO-8601 strings should contain only ASCII characters")
    return text


def _read_date(text):
    """Gives the date and where it ends."""
    match = _DATE.match(text)
    if match is None:
        is_short = text[:4].isdigit() and len(text) < 8
        raise ValueError("Invalid ordinal day" if is_short else f"invalid ISO date: {text!r}")
    part = match.groupdict()
    year = int(part["year"])
    if part["week"]:
        if part["weekday"] and part["weekdash"] != part["dash"]:
            raise ValueError("Inconsistent use of dash separator")
        return _week_date(year, int(part["week"]), int(part["weekday"] or 1)), match.end()
    if part["ordinal"]:
        return _ordinal_date(year, int(part["ordinal"])), match.end()
    if part["day"] and part["monthdash"] != part["daydash"]:
        raise ValueError("Inconsistent use of dash separator")
    month = int(part["month"] or part["onlymonth"] or 1)
    return make_datetime(year, month, int(part["day"] or 1)), match.end()


def _week_date(year, week, weekday):
    if not 1 <= week <= 53:
        raise ValueError(f"Invalid week: {week}")
    if not 1 <= weekday <= 7:
        raise ValueError(f"Invalid weekday: {weekday}")
    # January 4 is in the first week of its year.
    fourth = datetime.date(year, 1, 4)
    return fourth + datetime.timedelta(days=(week - 1) * 7 + weekday - 1 - fourth.weekday())


def _ordinal_date(year, ordinal):
    first = make_datetime(year, 1, 1)
    # A year's last day has the number of its days.
    if not 1 <= ordinal <= datetime.date(year, 12, 31).timetuple().tm_yday:
        raise ValueError(f"Invalid ordinal day {ordinal} for year {year}")
    return first + datetime.timedelta(days=ordinal - 1)


def _read_time(day, text):
    if len(text) < 2:
        raise ValueError("ISO time too short")
    match = _TIME.match(text)
    if match is None:
        raise ValueError(f"invalid ISO time: {text!r}")
    part = match.groupdict()
    if part["second"] and part["secondcolon"] != part["colon"]:
        raise ValueError("Inconsistent use of colon separator")
    zone = _read_zone(text[match.end():])
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    microsecond = int((part["fraction"] or "0")[:6].ljust(6, "0"))
    if hour != 24:
        return make_datetime(day.year, day.month, day.day, hour, minute, second, microsecond, zone)
    if minute or second or microsecond:
        raise ValueError("Hour may only be 24 at 24:00:00.000")
    return make_datetime(day.year, day.month, day.day, tzinfo=zone) + datetime.timedelta(days=1)


def _read_zone(text):
    if text == "":
        return None
    if text in ("Z", "z"):
        return UTC
    if text[0] not in "Zz+-":
        raise ValueError("Unused components in ISO string")
    if len(text) not in _ZONE_LENGTHS:
        raise ValueError("Time zone offset must be 1, 3, 5 or 6 characters")
    match = _ZONE.fullmatch(text)
    if match is None:
        raise ValueError(f"invalid time zone offset: {text!r}")
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if minutes > 59:
        raise ValueError("Invalid minutes in time zone offset")
    if hours > 23:
        raise ValueError("Invalid hours in time zone offset")
    seconds = (hours * 60 + minutes) * 60
    if seconds == 0:
        return UTC
    return tzoffset(None, seconds if match["sign"] == "+" else -seconds)
