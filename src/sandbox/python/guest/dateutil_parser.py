"""parse: a date and time out of text as people write it."""

import calendar
import datetime

from dateutil_dates import check_parts, complete_year
from dateutil_lexer import UTC_NAMES, split_tokens
from dateutil_reader import Reader
from dateutil_relativedelta import relativedelta
from dateutil_tz import LOCAL, UTC, tzoffset

# A date takes a few dozen characters. Texts may be longer for fuzzy reading.
_MAX_LENGTH = 100_000


class ParserError(ValueError):
    """The text is no date. `args`: a template and the text."""

    __module__ = "dateutil.parser"

    def __str__(self):
        try:
            return self.args[0] % self.args[1:]
        except (TypeError, IndexError):
            return super().__str__()

    def __repr__(self):
        return f"ParserError({', '.join(map(repr, self.args))})"


def parse(
    timestr,
    parserinfo=None,
    *,
    default=None,
    ignoretz=False,
    tzinfos=None,
    dayfirst=False,
    yearfirst=False,
    fuzzy=False,
    fuzzy_with_tokens=False,
):
    """Gives a datetime; with `fuzzy_with_tokens`, that and the texts between its parts. What the
    text does not say is `default`'s, today at midnight. Raises ParserError, OverflowError."""
    if parserinfo is not None:
        raise TypeError("parserinfo is not supported")
    text = _to_text(timestr)
    reader = Reader(split_tokens(text), fuzzy or fuzzy_with_tokens)
    try:
        reader.read()
        date = reader.date.resolve(bool(dayfirst), bool(yearfirst))
    except ValueError:
        raise ParserError("Unknown string format: %s", timestr) from None
    if reader.is_empty():
        raise ParserError("String does not contain a date: %s", timestr)
    if default is None:
        default = datetime.datetime.combine(datetime.date.today(), datetime.time())
    try:
        moment = _fill_in(default, reader, date)
    except ValueError as error:
        raise ParserError(f"{str(error).replace('%', '%%')}: %s", timestr) from None
    if not ignoretz:
        moment = _set_zone(moment, reader, tzinfos)
    return (moment, _join_skipped(reader)) if fuzzy_with_tokens else moment


def _to_text(timestr):
    if isinstance(timestr, (bytes, bytearray)):
        return bytes(timestr).decode()
    if not isinstance(timestr, str):
        raise TypeError(f"Parser must be a string or character stream, not {type(timestr).__name__}")
    if len(timestr) > _MAX_LENGTH:
        raise ParserError("the text is longer than %s characters", _MAX_LENGTH)
    return timestr


def _fill_in(default, reader, date):
    year, month, day = date
    if year is not None and year < 100 and not reader.date.century_given:
        year = complete_year(year)
    parts = {
        "year": year,
        "month": month,
        "day": day,
        "hour": reader.hour,
        "minute": reader.minute,
        "second": reader.second,
        "microsecond": reader.microsecond,
    }
    parts = {name: value for name, value in parts.items() if value is not None}
    year, month = parts.get("year", default.year), parts.get("month", default.month)
    if day is None:
        # January 31 is the default, February was said.
        parts["day"] = min(default.day, _month_length(year, month))
    check_parts(year, month, parts["day"], *(parts.get(name, 0) for name in ("hour", "minute", "second")))
    moment = default.replace(**parts)
    if reader.weekday is not None and day is None:
        moment += datetime.timedelta(days=(reader.weekday - moment.weekday()) % 7)
    return moment


def _month_length(year, month):
    if not 1 <= month <= 12:
        raise ValueError(f"bad month number {month}; must be 1-12")
    return calendar.monthrange(year, month)[1]


def _set_zone(moment, reader, tzinfos):
    name, offset = _normalize_zone(reader.zone_name, reader.zone_offset)
    if callable(tzinfos) or (tzinfos and name in tzinfos):
        return moment.replace(tzinfo=_ask_for_zone(tzinfos, name, offset))
    if name == "UTC":
        return moment.replace(tzinfo=LOCAL)
    if offset == 0:
        return moment.replace(tzinfo=UTC)
    if offset is not None:
        return moment.replace(tzinfo=tzoffset(name, offset))
    # A name that nobody knows is no zone.
    return moment


def _normalize_zone(name, offset):
    if (offset == 0 and not name) or name in ("Z", "z"):
        return "UTC", 0
    return (name, 0) if name in UTC_NAMES else (name, offset)


def _ask_for_zone(tzinfos, name, offset):
    zone = tzinfos(name, offset) if callable(tzinfos) else tzinfos.get(name)
    if zone is None or isinstance(zone, datetime.tzinfo):
        return zone
    if isinstance(zone, int):
        return tzoffset(name, zone)
    raise TypeError("Offset must be tzinfo subclass, tz string, or int offset.")


def _join_skipped(reader):
    """The texts between the parts: tokens that stand side by side are one."""
    runs = []
    end = None
    for at in reader.skipped:
        if at != end:
            runs.append([])
        runs[-1].append(reader.tokens[at])
        end = at + 1
    return tuple(map("".join, runs))
