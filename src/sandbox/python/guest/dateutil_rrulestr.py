"""rrulestr: rules and sets of rules out of the text of RFC 5545."""

import re

from dateutil_parser import parse
from dateutil_recurrence import rruleset
from dateutil_rrule import FREQUENCIES, rrule
from dateutil_tz import find_zone
from dateutil_weekdays import RULE_WEEKDAYS, weekdays_by_name

_weekdays = weekdays_by_name(RULE_WEEKDAYS)
# 1MO, -1FR, MO(+1)
_WEEKDAY = re.compile(r"([+-]?\d+)?([A-Z]{2})(?:\(([+-]?\d+)\))?")
_NUMBERS = ("INTERVAL", "COUNT")
_LISTS = ("BYSETPOS", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYEASTER", "BYWEEKNO", "BYHOUR", "BYMINUTE", "BYSECOND")


def rrulestr(
    s,
    *,
    dtstart=None,
    cache=False,
    unfold=False,
    forceset=False,
    compatible=False,
    ignoretz=False,
    tzids=None,
    tzinfos=None,
):
    """Gives an rrule, or an rruleset where there is more than one rule. `dtstart` is for texts that
    have none. Raises ValueError for what it cannot read."""
    if not isinstance(s, str):
        raise TypeError(f"expected string, got {type(s).__name__!r}")
    reader = _Reader(ignoretz, tzids, tzinfos)
    if not s.strip():
        raise ValueError("empty string")
    for line in _unfold(s) if unfold or compatible else s.split():
        reader.read_line(line)
    if reader.dtstart is None:
        reader.dtstart = dtstart
    if not (forceset or compatible) and reader.is_one_rule():
        return reader.make_rule(reader.rules[0], cache)
    return reader.make_set(cache, compatible)


def _unfold(text):
    """A line that begins with a space goes on with the one before it."""
    lines = []
    for line in filter(None, map(str.rstrip, text.splitlines())):
        if line.startswith(" ") and lines:
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


class _Reader:
    __slots__ = ("ignoretz", "tzids", "tzinfos", "dtstart", "rules", "dates", "excluded_rules", "excluded_dates")

    def __init__(self, ignoretz, tzids, tzinfos):
        self.ignoretz = ignoretz
        self.tzids = tzids
        self.tzinfos = tzinfos
        self.dtstart = None
        self.rules = []
        self.dates = []
        self.excluded_rules = []
        self.excluded_dates = []

    def is_one_rule(self):
        if len(self.rules) > 1 or self.dates or self.excluded_rules or self.excluded_dates:
            return False
        if not self.rules:
            raise ValueError("there is no RRULE")
        return True

    def read_line(self, line):
        head, colon, value = line.partition(":")
        if not colon:
            head, value = "RRULE", line
        name, *parameters = head.split(";")
        name = name.upper()
        if name in ("RRULE", "EXRULE"):
            _refuse_parameters(name, parameters)
            (self.rules if name == "RRULE" else self.excluded_rules).append(value)
        elif name == "RDATE":
            _refuse_parameters(name, [part for part in parameters if part.upper() != "VALUE=DATE-TIME"])
            self.dates += self._read_dates(value, [])
        elif name == "EXDATE":
            self.excluded_dates += self._read_dates(value, parameters)
        elif name == "DTSTART":
            dates = self._read_dates(value, parameters)
            if len(dates) != 1:
                raise ValueError(f"Multiple DTSTART values specified:{value}")
            self.dtstart = dates[0]
        else:
            raise ValueError(f"unsupported property: {name}")

    def _read_dates(self, value, parameters):
        zone = None
        for parameter in parameters:
            key, _, text = parameter.partition("=")
            if key.upper() == "TZID":
                zone = self._find_zone(text)
            elif parameter.upper() not in ("VALUE=DATE-TIME", "VALUE=DATE"):
                raise ValueError(f"unsupported parm: {parameter.upper()}")
        dates = [self._read_date(text) for text in value.split(",")]
        if zone is None:
            return dates
        if any(date.tzinfo is not None for date in dates):
            raise ValueError("DTSTART/EXDATE specifies multiple timezone")
        return [date.replace(tzinfo=zone) for date in dates]

    def _find_zone(self, name):
        if self.tzids is None:
            return find_zone(name)
        return self.tzids(name) if callable(self.tzids) else self.tzids.get(name)

    def _read_date(self, text):
        return parse(text.upper(), ignoretz=self.ignoretz, tzinfos=self.tzinfos)

    def make_rule(self, text, cache=False):
        arguments = {}
        for pair in text.upper().split(";"):
            name, equals, value = pair.partition("=")
            if not equals:
                raise ValueError(f"a rule has parts like COUNT=1, not {pair!r}")
            key, argument = self._read_part(name, value)
            arguments[key] = argument
        if "freq" not in arguments:
            raise ValueError("a rule needs a FREQ")
        return rrule(dtstart=self.dtstart, cache=cache, **arguments)

    def _read_part(self, name, value):
        """Gives the argument's name and value."""
        try:
            if name == "FREQ":
                return "freq", FREQUENCIES.index(value)
            if name in _NUMBERS:
                return name.lower(), int(value)
            if name in _LISTS:
                return name.lower(), [int(number) for number in value.split(",")]
            if name == "UNTIL":
                return "until", self._read_date(value)
            if name == "WKST":
                return "wkst", _weekdays[value]
            if name in ("BYDAY", "BYWEEKDAY"):
                return "byweekday", [_read_weekday(text) for text in value.split(",")]
        except (KeyError, ValueError):
            raise ValueError(f"invalid {name!r}: {value}") from None
        raise ValueError(f"unknown parameter {name!r}")

    def make_set(self, cache, compatible):
        result = rruleset(cache=cache)
        for rule in self.rules:
            result.rrule(self.make_rule(rule))
        for date in self.dates:
            result.rdate(date)
        for rule in self.excluded_rules:
            result.exrule(self.make_rule(rule))
        for date in self.excluded_dates:
            result.exdate(date)
        if compatible and self.dtstart is not None:
            # To iCalendar the start is an occurrence, whatever the rule says.
            result.rdate(self.dtstart)
        return result


def _refuse_parameters(name, parameters):
    for parameter in parameters:
        raise ValueError(f"unsupported {name} parm: {parameter.upper()}")


def _read_weekday(text):
    match = _WEEKDAY.fullmatch(text)
    if match is None or (match[1] and match[3]):
        raise ValueError("no weekday")
    day = _weekdays[match[2]]
    number = match[1] or match[3]
    return day(int(number)) if number else day
