"""What rules and sets of rules have in common, and the sets."""

import heapq
import itertools


class Recurrence:
    """An ordered row of datetimes, perhaps endless. With `cache`, what was worked out once is kept."""

    __slots__ = ("_kept", "_source")
    __module__ = "dateutil.rrule"
    __qualname__ = "rrulebase"

    def __init__(self, cache=False):
        self._kept = [] if cache else None
        self._source = None

    def _generate(self):
        raise NotImplementedError

    def __iter__(self):
        return self._generate() if self._kept is None else self.__replay()

    def __replay(self):
        if self._source is None:
            self._source = self._generate()
        kept, source = self._kept, self._source
        for at in itertools.count():
            if at == len(kept):
                moment = next(source, None)
                if moment is None:
                    return
                kept.append(moment)
            yield kept[at]

    def __getitem__(self, item):
        if isinstance(item, slice):
            parts = (item.start, item.stop, item.step)
            if any(part is not None and part < 0 for part in parts):
                return list(self)[item]
            return list(itertools.islice(self, *parts))
        if item < 0:
            return list(self)[item]
        for moment in itertools.islice(self, item, None):
            return moment
        raise IndexError("list index out of range")

    def __contains__(self, item):
        for moment in self:
            if moment >= item:
                return moment == item
        return False

    def count(self):
        """How many there are: of an endless row there is no end of counting."""
        return sum(1 for _ in self)

    def before(self, dt, inc=False):
        """The last one before `dt`, or None."""
        last = None
        for moment in self:
            if moment > dt or (moment == dt and not inc):
                break
            last = moment
        return last

    def after(self, dt, inc=False):
        """The first one after `dt`, or None."""
        return next(self.xafter(dt, inc=inc), None)

    def xafter(self, dt, count=None, inc=False):
        """Those after `dt`, one by one; at most `count`."""
        later = (moment for moment in self if moment > dt or (inc and moment == dt))
        return later if count is None else itertools.islice(later, count)

    def between(self, after, before, inc=False, count=1):
        """The list of those between. `count` has no effect, as in the original."""
        found = []
        for moment in self:
            if moment > before or (moment == before and not inc):
                break
            if moment > after or (inc and moment == after):
                found.append(moment)
        return found

    def __repr__(self):
        return f"<dateutil.rrule.{type(self).__name__} object>"


class rruleset(Recurrence):
    """All of its rules and dates, without those that are excluded."""

    __slots__ = ("_rules", "_dates", "_excluded_rules", "_excluded_dates")
    __module__ = "dateutil.rrule"

    def __init__(self, cache=False):
        super().__init__(cache)
        self._rules = []
        self._dates = []
        self._excluded_rules = []
        self._excluded_dates = []

    def rrule(self, rrule):
        _add(self, self._rules, rrule)

    def rdate(self, rdate):
        _add(self, self._dates, rdate)

    def exrule(self, exrule):
        _add(self, self._excluded_rules, exrule)

    def exdate(self, exdate):
        _add(self, self._excluded_dates, exdate)

    def _generate(self):
        excluded = heapq.merge(sorted(self._excluded_dates), *self._excluded_rules)
        skip = next(excluded, None)
        last = None
        for moment in heapq.merge(sorted(self._dates), *self._rules):
            while skip is not None and skip < moment:
                skip = next(excluded, None)
            if moment != last and moment != skip:
                yield moment
            last = moment


# Not a method: of a class that programs see they can call each with whatever they like, the class itself, say.
def _add(recurrence, members, member):
    members.append(member)
    if recurrence._kept is not None:
        recurrence._kept = []
    recurrence._source = None
