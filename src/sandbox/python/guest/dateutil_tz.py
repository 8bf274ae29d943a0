"""Time zones that are no more than an offset, and zones whose offset follows the clock on the wall."""

import datetime

from zones import AmbiguousTimeError, NonExistentTimeError, UnknownTimeZoneError, timezone

_ZERO = datetime.timedelta(0)


class _Fixed(datetime.tzinfo):
    __slots__ = ("_name", "_offset")
    __module__ = "dateutil.tz"

    def utcoffset(self, dt):
        return self._offset

    def dst(self, dt):
        return _ZERO

    def tzname(self, dt):
        return self._name

    def fromutc(self, dt):
        if not isinstance(dt, datetime.datetime):
            raise TypeError("fromutc() requires a datetime argument")
        if dt.tzinfo is not self:
            raise ValueError("dt.tzinfo is not self")
        return dt + self._offset

    def is_ambiguous(self, dt):
        return False

    def __eq__(self, other):
        return self._offset == other._offset if isinstance(other, _Fixed) else NotImplemented

    def __hash__(self):
        return hash(self._offset)


class tzutc(_Fixed):
    """There is one, and all programs share it."""

    __slots__ = ()
    __module__ = "dateutil.tz"

    def __new__(cls):
        return UTC

    def __repr__(self):
        return "tzutc()"


class tzlocal(_Fixed):
    """The zone of the service: UTC, as the original sets it."""

    __slots__ = ()
    __module__ = "dateutil.tz"

    def __new__(cls):
        return LOCAL

    def __repr__(self):
        return "tzlocal()"


class tzoffset(_Fixed):
    """`offset`: seconds east of UTC, or a timedelta."""

    __slots__ = ()
    __module__ = "dateutil.tz"

    def __new__(cls, name, offset):
        seconds = offset.total_seconds() if isinstance(offset, datetime.timedelta) else offset
        return _make(cls, name, datetime.timedelta(seconds=seconds))

    def __repr__(self):
        return f"tzoffset({self._name!r}, {int(self._offset.total_seconds())})"


def _make(cls, name, offset):
    zone = datetime.tzinfo.__new__(cls)
    zone._name = name
    zone._offset = offset
    return zone


UTC = _make(tzutc, "UTC", _ZERO)
LOCAL = _make(tzlocal, "UTC", _ZERO)


class tzfile(datetime.tzinfo):
    """A named zone whose offset is that of the time it is asked about. (What `timezone` gives keeps
    the offset that it was chosen for, which is of no use to rules that repeat a time of day.)"""

    __slots__ = ("_zone",)
    __module__ = "dateutil.tz"

    def __new__(cls, name):
        zone = datetime.tzinfo.__new__(cls)
        zone._zone = timezone(name)
        return zone

    def utcoffset(self, dt):
        return None if dt is None else self._localize(dt).utcoffset()

    def dst(self, dt):
        return None if dt is None else self._localize(dt).dst()

    def tzname(self, dt):
        return None if dt is None else self._localize(dt).tzname()

    def _localize(self, dt):
        naive = dt.replace(tzinfo=None, fold=0)
        try:
            return self._zone.localize(naive, is_dst=None)
        except AmbiguousTimeError:
            return self._zone.localize(naive, is_dst=not dt.fold)
        except NonExistentTimeError:
            return self._zone.localize(naive, is_dst=True)

    def fromutc(self, dt):
        local = dt.replace(tzinfo=UTC).astimezone(self._zone)
        first = local.replace(tzinfo=self, fold=0)
        return first if first.utcoffset() == local.utcoffset() else first.replace(fold=1)

    def __eq__(self, other):
        return str(self._zone) == str(other._zone) if isinstance(other, tzfile) else NotImplemented

    def __hash__(self):
        return hash(str(self._zone))

    def __repr__(self):
        return f"tzfile({str(self._zone)!r})"


def find_zone(name):
    """The named zone, or None."""
    try:
        return tzfile(name)
    except UnknownTimeZoneError:
        return None
