"""`timezone`: time zones that behave as those of pytz, which snippets are written for. Each kind of
time that a zone has had (CET, CEST …) is an object of its own; `localize` and `normalize` choose
the right one, and `datetime(…, tzinfo=zone)` takes the first, local mean time.

Zones are shared by all programs: what they hold has names that no program may write.

The rules come from time_zones.txt, which scripts/generate-time-zones.ts writes. Its first line is
the version of the data; every other is `names|kinds|which|changes`:
- names: the zone's and its aliases',
- kinds: `offset dst name` in minutes, with semicolons between; alone when the zone has only one,
- which: a digit of base 36 for each span of time, the kind that holds in it,
- changes: when a span ends and the next begins. The first in seconds since 1970, each other as the
  distance from the one before; in quarters of an hour, or in seconds after a colon; base 36."""

import os.path
from array import array
from bisect import bisect_right
from datetime import datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_ZERO = timedelta(0)
# Longer than any gap, shorter than the time between two.
_OUT_OF_GAP = timedelta(hours=6)


class Error(Exception):
    pass


class UnknownTimeZoneError(KeyError, Error):
    pass


class InvalidTimeError(Error):
    pass


class AmbiguousTimeError(InvalidTimeError):
    """The clock showed it twice."""


class NonExistentTimeError(InvalidTimeError):
    """The clock was put forward past it."""


def _refuse_aware(dt):
    if dt.tzinfo is not None:
        raise ValueError("Not naive datetime (tzinfo is already set)")


class _FixedZone(tzinfo):
    """A zone that has always had the same offset."""

    __slots__ = ("__zone", "__offset", "__name")

    def __new__(cls, zone, offset, name):
        self = tzinfo.__new__(cls)
        self.__zone, self.__offset, self.__name = zone, offset, name
        return self

    @property
    def zone(self):
        return self.__zone

    def __str__(self):
        return self.__zone

    def __repr__(self):
        return f"<StaticTzInfo {self.__zone!r}>"

    def utcoffset(self, dt, is_dst=None):
        return self.__offset

    def dst(self, dt, is_dst=None):
        return _ZERO

    def tzname(self, dt, is_dst=None):
        return self.__name

    def fromutc(self, dt):
        if dt.tzinfo is not None and dt.tzinfo is not self:
            raise ValueError("fromutc: dt.tzinfo is not self")
        return (dt + self.__offset).replace(tzinfo=self)

    def localize(self, dt, is_dst=False):
        _refuse_aware(dt)
        return dt.replace(tzinfo=self)

    def normalize(self, dt, is_dst=False):
        if dt.tzinfo is self:
            return dt
        if dt.tzinfo is None:
            raise ValueError("Naive time - no tzinfo set")
        return dt.astimezone(self)


class _Utc(_FixedZone):
    __slots__ = ()

    def __repr__(self):
        return "<UTC>"


class _Rules:
    """What the objects of one zone share. `members` has one for each kind of time."""

    __slots__ = ("zone", "changes", "spans", "members")

    def __init__(self, zone, kinds, which, changes):
        self.zone = zone
        self.changes = changes
        self.members = [_ChangingZone(self, *kind) for kind in kinds]
        self.spans = [self.members[index] for index in which]

    def find(self, utc):
        """The member that holds at a naive time of UTC."""
        return self.spans[bisect_right(self.changes, (utc - _EPOCH) // _SECOND)]

    def to_local(self, utc):
        member = self.find(utc)
        return (utc + member.utcoffset_of_kind()).replace(tzinfo=member)

    def find_local(self, dt):
        """The aware times whose clock shows the naive `dt`: none in a gap, two when it was put back."""
        found = []
        for day in (-_DAY, _DAY):
            local = self.to_local(dt - self.find(dt + day).utcoffset_of_kind())
            if local.replace(tzinfo=None) == dt and local not in found:
                found.append(local)
        return found


class _ChangingZone(tzinfo):
    """One kind of time of a zone."""

    __slots__ = ("__rules", "__offset", "__dst", "__name")

    def __new__(cls, rules, offset, dst, name):
        self = tzinfo.__new__(cls)
        self.__rules, self.__offset, self.__dst, self.__name = rules, offset, dst, name
        return self

    @property
    def zone(self):
        return self.__rules.zone

    def __str__(self):
        return self.zone

    def __repr__(self):
        sign = "+" if self.__offset > _ZERO else ""
        kind = "DST" if self.__dst else "STD"
        return f"<DstTzInfo {self.zone!r} {self.__name}{sign}{self.__offset} {kind}>"

    def utcoffset_of_kind(self):
        return self.__offset

    def utcoffset(self, dt, is_dst=None):
        return None if dt is None else self.__member_at(dt, is_dst).__offset

    def dst(self, dt, is_dst=None):
        return None if dt is None else self.__member_at(dt, is_dst).__dst

    def tzname(self, dt, is_dst=None):
        return self.zone if dt is None else self.__member_at(dt, is_dst).__name

    def __member_at(self, dt, is_dst):
        return self if dt.tzinfo is self else self.localize(dt, is_dst).tzinfo

    def fromutc(self, dt):
        zone = dt.tzinfo
        if zone is not None and not (isinstance(zone, _ChangingZone) and zone.__rules is self.__rules):
            raise ValueError("fromutc: dt.tzinfo is not self")
        return self.__rules.to_local(dt.replace(tzinfo=None))

    def normalize(self, dt):
        if dt.tzinfo is None:
            raise ValueError("Naive time - no tzinfo set")
        return self.__rules.to_local(dt.replace(tzinfo=None) - dt.utcoffset())

    def localize(self, dt, is_dst=False):
        _refuse_aware(dt)
        found = self.__rules.find_local(dt)
        if len(found) == 1:
            return found[0]
        if is_dst is None:
            raise (AmbiguousTimeError if found else NonExistentTimeError)(dt)
        if not found:
            away = _OUT_OF_GAP if is_dst else -_OUT_OF_GAP
            return self.localize(dt + away, bool(is_dst)) - away
        wanted = [local for local in found if bool(local.tzinfo.__dst) == is_dst]
        # When both are the same in this, summer time is taken for the earlier, standard time for the later.
        choose = min if is_dst else max
        return choose(wanted or found, key=lambda local: local.replace(tzinfo=None) - local.tzinfo.__offset)


def _read_lines():
    path = os.path.join(os.path.dirname(__file__), "time_zones.txt")
    with open(path, encoding="ascii") as file:
        return file.read().splitlines()[1:]


def _index_names(lines):
    """Lower-case name to the name itself and the rest of its line."""
    index = {}
    for line in lines:
        names, _, rules = line.partition("|")
        for name in names.split(" "):
            index[name.lower()] = (name, rules)
    return index


_UTC = _Utc("UTC", _ZERO, "UTC")
_RULES = _index_names(_read_lines())
# Zones that programs have asked for; there are only so many.
_zones = {}


def timezone(zone):
    """The zone of that name, whatever its case. Raises UnknownTimeZoneError, a KeyError."""
    if zone is None:
        raise UnknownTimeZoneError(None)
    if zone.upper() == "UTC":
        return _UTC
    # Older releases of pytz wrote Etc/GMT+1 as Etc/GMT_plus_1.
    zone = zone.replace("_plus_", "+").replace("_minus_", "-")
    name, rules = _RULES.get(zone.lower(), (zone, None))
    if rules is None:
        raise UnknownTimeZoneError(zone)
    if name not in _zones:
        _zones[name] = _make_zone(name, rules)
    return _zones[name]


def _make_zone(zone, rules):
    kinds, *spans = rules.split("|")
    kinds = [_read_kind(kind) for kind in kinds.split(";")]
    if not spans:
        offset, _, name = kinds[0]
        return _FixedZone(zone, offset, name)
    which, changes = spans
    return _Rules(zone, kinds, [int(digit, 36) for digit in which], array("q", _read_changes(changes))).spans[0]


def _read_kind(text):
    offset, dst, name = text.split(" ")
    return timedelta(minutes=int(offset)), timedelta(minutes=int(dst)), name


def _read_changes(text):
    seconds = 0
    for part in text.split(" "):
        seconds += int(part[1:], 36) if part.startswith(":") else int(part, 36) * 900
        yield seconds


CONTEXT = {"timezone": timezone}

WAITING_NAMES = frozenset()
