"""relativedelta: spans of months and years, and parts of a date that are set rather than moved."""

import calendar
import datetime

from dateutil_weekdays import DELTA_WEEKDAYS

_RELATIVE = ("years", "months", "days", "leapdays", "hours", "minutes", "seconds", "microseconds")
_ABSOLUTE = ("year", "month", "day", "weekday", "hour", "minute", "second", "microsecond")

# How many of a unit make one of the next. Days are never made into months.
_CARRIES = (
    ("microseconds", 1_000_000, "seconds"),
    ("seconds", 60, "minutes"),
    ("minutes", 60, "hours"),
    ("hours", 24, "days"),
    ("months", 12, "years"),
)
_HOUR_US = 3_600_000_000


class relativedelta:
    """Plural names are added, singular ones are set. With `dt1` and `dt2` it is the difference that
    added to `dt2` gives `dt1`, and the other arguments are not looked at."""

    __slots__ = _RELATIVE + _ABSOLUTE
    __module__ = "dateutil.relativedelta"

    def __init__(
        self,
        dt1=None,
        dt2=None,
        years=0,
        months=0,
        days=0,
        leapdays=0,
        weeks=0,
        hours=0,
        minutes=0,
        seconds=0,
        microseconds=0,
        year=None,
        month=None,
        day=None,
        weekday=None,
        yearday=None,
        nlyearday=None,
        hour=None,
        minute=None,
        second=None,
        microsecond=None,
    ):
        if dt1 and dt2:
            _set_difference(self, dt1, dt2)
            return
        if years != int(years) or months != int(months):
            raise ValueError("Non-integer years and months are ambiguous and not currently supported.")
        self.years = int(years)
        self.months = int(months)
        self.days = days + weeks * 7
        self.leapdays = leapdays
        self.hours = hours
        self.minutes = minutes
        self.seconds = seconds
        self.microseconds = microseconds
        self.year = year
        self.month = month
        self.day = day
        self.weekday = DELTA_WEEKDAYS[weekday] if isinstance(weekday, int) else weekday
        self.hour = hour
        self.minute = minute
        self.second = second
        self.microsecond = microsecond
        if nlyearday:
            _set_day_of_year(self, nlyearday)
        elif yearday:
            # It counts February 29: what is later than that moves back in a leap year.
            if yearday > 59:
                self.leapdays = -1
            _set_day_of_year(self, yearday)
        _carry(self)

    @property
    def weeks(self):
        return int(self.days / 7.0)

    def normalized(self):
        """The same span in whole numbers: parts of a day become hours, and so on."""
        days = int(self.days)
        hours, rest = _split(self.hours * _HOUR_US + (self.days - days) * 24 * _HOUR_US, _HOUR_US)
        minutes, rest = _split(self.minutes * 60_000_000 + rest, 60_000_000)
        seconds, rest = _split(self.seconds * 1_000_000 + rest, 1_000_000)
        microseconds = round(self.microseconds + rest)
        return _replace(self, days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds)

    def __add__(self, other):
        if isinstance(other, relativedelta):
            return _combine(self, other, 1, other, self)
        if isinstance(other, datetime.timedelta):
            return _replace(
                self,
                days=self.days + other.days,
                seconds=self.seconds + other.seconds,
                microseconds=self.microseconds + other.microseconds,
            )
        if isinstance(other, datetime.date):
            return _move(other, self)
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other):
        if not isinstance(other, relativedelta):
            return NotImplemented
        return _combine(self, other, -1, self, other)

    def __rsub__(self, other):
        return (-self).__radd__(other)

    def __neg__(self):
        return _replace(self, **{name: -getattr(self, name) for name in _RELATIVE if name != "leapdays"})

    def __abs__(self):
        return _replace(self, **{name: abs(getattr(self, name)) for name in _RELATIVE if name != "leapdays"})

    def __mul__(self, factor):
        try:
            factor = float(factor)
        except TypeError:
            return NotImplemented
        return _replace(self, **{name: int(getattr(self, name) * factor) for name in _RELATIVE if name != "leapdays"})

    __rmul__ = __mul__

    def __truediv__(self, divisor):
        try:
            reciprocal = 1 / float(divisor)
        except TypeError:
            return NotImplemented
        return self * reciprocal

    def __bool__(self):
        moves = any(getattr(self, name) for name in _RELATIVE)
        return moves or any(getattr(self, name) is not None for name in _ABSOLUTE)

    def __eq__(self, other):
        return _key(self) == _key(other) if isinstance(other, relativedelta) else NotImplemented

    def __hash__(self):
        return hash(_key(self))

    def __repr__(self):
        parts = [f"{name}={getattr(self, name):+g}" for name in _RELATIVE if getattr(self, name)]
        parts += [f"{name}={getattr(self, name)!r}" for name in _ABSOLUTE if getattr(self, name) is not None]
        return f"relativedelta({', '.join(parts)})"


def _key(delta):
    values = tuple(getattr(delta, name) for name in _RELATIVE + _ABSOLUTE if name != "weekday")
    weekday = delta.weekday
    # The next Friday is the first Friday.
    return (*values, (weekday.weekday, weekday.n or 1) if hasattr(weekday, "weekday") else weekday)


def _replace(delta, **changes):
    return relativedelta(**{name: getattr(delta, name) for name in delta.__slots__} | changes)


def _combine(left, right, sign, first, second):
    """Sums what is relative; what is absolute is `first`'s where it has it."""
    values = {name: getattr(left, name) + sign * getattr(right, name) for name in _RELATIVE}
    values["leapdays"] = first.leapdays or second.leapdays
    for name in _ABSOLUTE:
        value = getattr(first, name)
        values[name] = getattr(second, name) if value is None else value
    return relativedelta(**values)


def _carry(delta):
    """Moves what is too much for a unit to the next; every unit keeps its sign."""
    for name, size, larger in _CARRIES:
        value = getattr(delta, name)
        if abs(value) >= size:
            count, rest = divmod(abs(value), size)
            sign = 1 if value > 0 else -1
            setattr(delta, name, sign * rest)
            setattr(delta, larger, getattr(delta, larger) + sign * count)


def _split(value, size):
    """The whole units in it, rounded towards zero, and what is left; both in microseconds."""
    value = round(value)
    count = abs(value) // size * (1 if value > 0 else -1)
    return count, value - count * size


def _set_day_of_year(delta, day):
    rest = day
    for month in range(1, 13):
        # 1 is a year without February 29. Day 366 is taken too: it is beyond December 31.
        length = calendar.monthrange(1, month)[1]
        if rest <= length or (month == 12 and rest == 32):
            delta.month, delta.day = month, rest
            return
        rest -= length
    raise ValueError(f"invalid year day ({day})")


def _set_difference(delta, dt1, dt2):
    if not (isinstance(dt1, datetime.date) and isinstance(dt2, datetime.date)):
        raise TypeError("relativedelta only diffs datetime/date")
    if isinstance(dt1, datetime.datetime) != isinstance(dt2, datetime.datetime):
        dt1, dt2 = _to_datetime(dt1), _to_datetime(dt2)
    for name in _RELATIVE:
        setattr(delta, name, 0)
    for name in _ABSOLUTE:
        setattr(delta, name, None)
    months = (dt1.year - dt2.year) * 12 + dt1.month - dt2.month
    step = 1 if dt1 < dt2 else -1
    moved = dt2 + relativedelta(months=months)
    # As many whole months as fit between them.
    while dt1 < moved if step < 0 else dt1 > moved:
        months += step
        moved = dt2 + relativedelta(months=months)
    rest = dt1 - moved
    delta.months = months
    delta.seconds = rest.seconds + rest.days * 86_400
    delta.microseconds = rest.microseconds
    _carry(delta)


def _to_datetime(day):
    return day if isinstance(day, datetime.datetime) else datetime.datetime(day.year, day.month, day.day)


def _move(start, delta):
    """`start`, a date or datetime, moved by `delta`: first what is set, then months, then the rest."""
    if _has_clock(delta):
        start = _to_datetime(start)
    year, month = _move_months(delta.year or start.year, delta.month or start.month, delta)
    day = min(calendar.monthrange(year, month)[1], delta.day or start.day)
    parts = {name: getattr(delta, name) for name in ("hour", "minute", "second", "microsecond")}
    parts = {name: value for name, value in parts.items() if value is not None}
    days = delta.days
    if delta.leapdays and month > 2 and calendar.isleap(year):
        days += delta.leapdays
    moved = start.replace(year=year, month=month, day=day, **parts) + datetime.timedelta(
        days=days,
        hours=delta.hours,
        minutes=delta.minutes,
        seconds=delta.seconds,
        microseconds=delta.microseconds,
    )
    return moved if delta.weekday is None else moved + datetime.timedelta(days=_days_to_weekday(moved, delta.weekday))


def _has_clock(delta):
    moves = delta.hours or delta.minutes or delta.seconds or delta.microseconds
    return bool(moves) or any(part is not None for part in (delta.hour, delta.minute, delta.second, delta.microsecond))


def _move_months(year, month, delta):
    if not delta.months:
        return year + delta.years, month
    years, index = divmod(month - 1 + delta.months, 12)
    return year + delta.years + years, index + 1


def _days_to_weekday(day, weekday):
    """The day itself counts, forwards and backwards."""
    n = weekday.n or 1
    if n > 0:
        return (weekday.weekday - day.weekday()) % 7 + (n - 1) * 7
    return -((day.weekday() - weekday.weekday) % 7) + (n + 1) * 7
