"""rrule: a recurrence rule as RFC 5545 describes them, with Easter beside."""

import datetime
import math

from dateutil_occurrences import DAILY, HOURLY, MINUTELY, MONTHLY, SECONDLY, WEEKLY, YEARLY, generate_moments
from dateutil_recurrence import Recurrence
from dateutil_weekdays import RULE_WEEKDAYS, rule_weekday

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")

# The BY-parts that are lists of numbers, in the order in which they are written.
_NUMBER_PARTS = ("bymonth", "bymonthday", "byyearday", "byweekno", "byhour", "byminute", "bysecond", "byeaster")


class rrule(Recurrence):
    """What no BY-part says is `dtstart`'s. The BY-parts are a number or several; `byweekday` takes
    weekdays too. Raises ValueError for what can never be."""

    __slots__ = (
        "_freq",
        "_dtstart",
        "_interval",
        "_wkst",
        "_count",
        "_until",
        "_given",
        "_bysetpos",
        "_byweekday",
        "_bynweekday",
        *(f"_{name}" for name in _NUMBER_PARTS),
    )
    __module__ = "dateutil.rrule"

    def __init__(
        self,
        freq,
        dtstart=None,
        interval=1,
        wkst=None,
        count=None,
        until=None,
        bysetpos=None,
        bymonth=None,
        bymonthday=None,
        byyearday=None,
        byeaster=None,
        byweekno=None,
        byweekday=None,
        byhour=None,
        byminute=None,
        bysecond=None,
        cache=False,
    ):
        super().__init__(cache)
        if not YEARLY <= freq <= SECONDLY:
            raise ValueError(f"unknown frequency {freq!r}")
        if interval < 1:
            raise ValueError("interval must be at least 1")
        self._freq = freq
        self._interval = interval
        self._count = count
        self._wkst = wkst.weekday if hasattr(wkst, "weekday") else wkst or 0
        self.__set_limits(dtstart, until)
        self._bysetpos = _to_positions(bysetpos)
        self._given = {
            "bysetpos": self._bysetpos,
            "bymonth": _to_numbers(bymonth),
            "bymonthday": _to_month_days(bymonthday),
            "byyearday": _to_numbers(byyearday),
            "byweekno": _to_numbers(byweekno),
            "byweekday": _to_weekdays(byweekday, freq),
            "byhour": _to_numbers(byhour),
            "byminute": _to_numbers(byminute),
            "bysecond": _to_numbers(bysecond),
            "byeaster": _to_numbers(byeaster),
        }
        for name in _NUMBER_PARTS:
            setattr(self, f"_{name}", self._given[name])
        weekdays = self._given["byweekday"] or ()
        self._byweekday = tuple(day.weekday for day in weekdays if day.n is None)
        self._bynweekday = tuple((day.weekday, day.n) for day in weekdays if day.n is not None)
        self.__set_days()
        self.__set_times()

    def __set_limits(self, dtstart, until):
        if until is not None:
            until = _to_datetime(until)
        if dtstart is None:
            dtstart = datetime.datetime.now(until.tzinfo if until else None)
        self._dtstart = _to_datetime(dtstart).replace(microsecond=0)
        self._until = until
        if until is not None and (until.tzinfo is None) != (self._dtstart.tzinfo is None):
            raise ValueError("RRULE UNTIL values must be specified in UTC when DTSTART is timezone-aware")

    def __set_days(self):
        """Where nothing says which days, it is the day of `dtstart` in its week, month or year."""
        names = ("byweekno", "byyearday", "bymonthday", "byweekday", "byeaster")
        if any(self._given[name] is not None for name in names):
            return
        if self._freq == YEARLY:
            self._bymonth = self._bymonth or (self._dtstart.month,)
        if self._freq in (YEARLY, MONTHLY):
            self._bymonthday = (self._dtstart.day,)
        elif self._freq == WEEKLY:
            self._byweekday = (self._dtstart.weekday(),)

    def __set_times(self):
        for name, frequency, size in (("hour", HOURLY, 24), ("minute", MINUTELY, 60), ("second", SECONDLY, 60)):
            part = f"by{name}"
            start = getattr(self._dtstart, name)
            if self._given[part] is None:
                setattr(self, f"_{part}", (start,) if self._freq < frequency else ())
            elif self._freq == frequency:
                self._given[part] = _keep_reachable(self._given[part], start, self._interval, size)
                setattr(self, f"_{part}", self._given[part])
            elif self._freq < HOURLY and not all(0 <= number < size for number in self._given[part]):
                raise ValueError(f"{name} must be in 0..{size - 1}")

    def _generate(self):
        return generate_moments(self)

    def replace(self, **kwargs):
        """The same rule with other arguments."""
        own = {
            "freq": self._freq,
            "dtstart": self._dtstart,
            "interval": self._interval,
            "wkst": self._wkst,
            "count": self._count,
            "until": self._until,
            "cache": self._kept is not None,
        }
        return rrule(**(own | self._given | kwargs))

    def __str__(self):
        parts = [f"FREQ={FREQUENCIES[self._freq]}"]
        if self._interval != 1:
            parts.append(f"INTERVAL={self._interval}")
        if self._wkst:
            parts.append(f"WKST={RULE_WEEKDAYS[self._wkst]!r}")
        if self._count is not None:
            parts.append(f"COUNT={self._count}")
        if self._until is not None:
            parts.append(f"UNTIL={_to_stamp(self._until)}")
        for name, values in self._given.items():
            if values:
                label = "BYDAY" if name == "byweekday" else name.upper()
                parts.append(f"{label}={','.join(map(_to_text, values))}")
        return f"DTSTART:{_to_stamp(self._dtstart)}\nRRULE:{';'.join(parts)}"


def _to_datetime(value):
    if isinstance(value, datetime.datetime):
        return value
    return datetime.datetime.fromordinal(value.toordinal())


def _to_stamp(moment):
    return f"{moment.year:04d}{moment:%m%dT%H%M%S}"


def _to_numbers(value):
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(sorted(set(value)))


def _to_month_days(value):
    """Those that count from the end come last."""
    days = _to_numbers(value)
    return days and tuple(sorted(days, key=lambda day: (day < 0, day)))


def _to_positions(value):
    if value is None:
        return None
    positions = (value,) if isinstance(value, int) else tuple(value)
    if not all(1 <= abs(position) <= 366 for position in positions):
        raise ValueError("bysetpos must be between 1 and 366, or between -366 and -1")
    return positions


def _to_weekdays(value, freq):
    """None, or weekdays: those without a number first. Only months and years have a first Friday."""
    if value is None:
        return None
    values = (value,) if isinstance(value, int) or hasattr(value, "weekday") else tuple(value)
    days = set()
    for day in values:
        number, n = (day, None) if isinstance(day, int) else (day.weekday, day.n)
        days.add((number, n if n and freq <= MONTHLY else None))
    ordered = sorted(days, key=lambda day: (day[1] is not None, day[0], day[1] or 0))
    return tuple(rule_weekday(*day) for day in ordered)


def _to_text(value):
    if not isinstance(value, rule_weekday):
        return str(value)
    name = repr(RULE_WEEKDAYS[value.weekday])
    return f"{value.n:+d}{name}" if value.n else name


def _keep_reachable(numbers, start, interval, size):
    """Steps of `interval` from `start` fall on some numbers of the clock only."""
    step = math.gcd(interval, size)
    kept = tuple(number for number in numbers if 0 <= number < size and (number - start) % step == 0)
    if numbers and not kept:
        raise ValueError("Invalid rrule byxxx generates an empty set.")
    return kept
