"""Days of the week, as relative deltas and recurrence rules take them: `FR`, `FR(-1)`."""

_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class weekday:
    """`weekday` is 0 for Monday to 6; `n` says which of several, None when that is left open.
    Calling a day gives the same day with another `n`. All programs share these objects."""

    __slots__ = ("weekday", "n")
    __module__ = "dateutil.relativedelta"

    def __init__(self, weekday, n=None):
        self.weekday = weekday
        self.n = n

    def __call__(self, n):
        return self if n == self.n else type(self)(self.weekday, n)

    def __eq__(self, other):
        if not isinstance(other, weekday):
            return NotImplemented
        return self.weekday == other.weekday and self.n == other.n

    def __hash__(self):
        return hash((self.weekday, self.n))

    def __repr__(self):
        name = _NAMES[self.weekday]
        return f"{name}({self.n:+d})" if self.n else name


class rule_weekday(weekday):
    """A recurrence rule has no use for the zeroth Friday."""

    __slots__ = ()
    __module__ = "dateutil.rrule"
    __qualname__ = "weekday"

    def __init__(self, weekday, n=None):
        if n == 0:
            raise ValueError("Can't create weekday with n==0")
        super().__init__(weekday, n)


DELTA_WEEKDAYS = tuple(weekday(number) for number in range(7))
RULE_WEEKDAYS = tuple(rule_weekday(number) for number in range(7))


def weekdays_by_name(days):
    return dict(zip(_NAMES, days))
