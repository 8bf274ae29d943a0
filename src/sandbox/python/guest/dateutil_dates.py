"""Which of the numbers of a date are year, month and day."""

import calendar
import datetime

_YEAR, _MONTH, _DAY = range(3)


class DateNumbers:
    """Up to three numbers in the order they were written. What is known of one is kept beside it:
    names say that they are months, more than two digits that they are years."""

    __slots__ = ("numbers", "kinds", "century_given")

    def __init__(self):
        self.numbers = []
        self.kinds = []
        self.century_given = False

    def __len__(self):
        return len(self.numbers)

    def add(self, text):
        """`text`: digits, with more than two of them it is a year: 0031 is. Else ValueError."""
        if len(text) > 2 and text.isdecimal():
            self.add_year(int(text))
        else:
            self.add_number(int(text))

    def add_number(self, number):
        if number > 100:
            self.add_year(number)
        else:
            self._keep(number, None)

    def add_month(self, number):
        self._keep(number, _MONTH)

    def add_year(self, number):
        """A year whose century is known."""
        self.century_given = True
        self._keep(number, _YEAR)

    def _keep(self, number, kind):
        if len(self.numbers) == 3:
            raise ValueError("a date has three numbers")
        if kind is not None and kind in self.kinds:
            raise ValueError("a date has one year and one month")
        self.numbers.append(number)
        self.kinds.append(kind)

    def may_be_day(self, number):
        """Whether one more number can be the day, by what is known so far."""
        if _DAY in self.kinds:
            return False
        if _MONTH not in self.kinds:
            return 1 <= number <= 31
        # Without a year February has 29 days.
        year = self._known(_YEAR) or 2000
        return 1 <= number <= calendar.monthrange(year, self._known(_MONTH))[1]

    def _known(self, kind):
        return self.numbers[self.kinds.index(kind)] if kind in self.kinds else None

    def resolve(self, dayfirst, yearfirst):
        """Gives (year, month, day), each None where it was not said."""
        order = self._find_order(dayfirst, yearfirst)
        parts = dict(zip(order, self.numbers))
        return parts.get(_YEAR), parts.get(_MONTH), parts.get(_DAY)

    def _find_order(self, dayfirst, yearfirst):
        known = [kind for kind in self.kinds if kind is not None]
        if len(known) == len(self.kinds):
            return self.kinds
        if len(self.kinds) == 3 and len(known) == 2:
            missing = next(kind for kind in (_YEAR, _MONTH, _DAY) if kind not in known)
            return [missing if kind is None else kind for kind in self.kinds]
        if len(self.kinds) == 1:
            return [_YEAR if self.numbers[0] > 31 else _DAY]
        if len(self.kinds) == 2:
            return self._order_two(dayfirst)
        if _MONTH in self.kinds:
            return self._order_around_month(yearfirst)
        return self._order_three(dayfirst, yearfirst)

    def _order_two(self, dayfirst):
        first, second = self.numbers
        if self.kinds[0] == _MONTH:
            return [_MONTH, _YEAR if second > 31 else _DAY]
        if self.kinds[1] == _MONTH:
            return [_YEAR if first > 31 else _DAY, _MONTH]
        if first > 31:
            return [_YEAR, _MONTH]
        if second > 31:
            return [_MONTH, _YEAR]
        return [_DAY, _MONTH] if dayfirst and second <= 12 else [_MONTH, _DAY]

    def _order_around_month(self, yearfirst):
        first, second, third = self.numbers
        place = self.kinds.index(_MONTH)
        if place == 0:
            return [_MONTH, _YEAR, _DAY] if second > 31 else [_MONTH, _DAY, _YEAR]
        if place == 1:
            year_leads = first > 31 or (yearfirst and third <= 31)
            return [_YEAR, _MONTH, _DAY] if year_leads else [_DAY, _MONTH, _YEAR]
        return [_DAY, _YEAR, _MONTH] if second > 31 else [_YEAR, _DAY, _MONTH]

    def _order_three(self, dayfirst, yearfirst):
        first, second, third = self.numbers
        if first > 31 or self.kinds[0] == _YEAR or (yearfirst and second <= 12 and third <= 31):
            return [_YEAR, _DAY, _MONTH] if dayfirst and third <= 12 else [_YEAR, _MONTH, _DAY]
        if first > 12 or (dayfirst and second <= 12):
            return [_DAY, _MONTH, _YEAR]
        return [_MONTH, _DAY, _YEAR]


def complete_year(year):
    """A year of two digits is the one within 50 years of now."""
    now = datetime.date.today().year
    year += now // 100 * 100
    if year >= now + 50:
        return year - 100
    return year + 100 if year < now - 50 else year


def make_datetime(year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None):
    """As datetime.datetime; the texts of its errors are the same in every version of Python."""
    check_parts(year, month, day, hour, minute, second)
    return datetime.datetime(year, month, day, hour, minute, second, microsecond, tzinfo)


def check_parts(year, month, day, hour, minute, second):
    if not datetime.MINYEAR <= year <= datetime.MAXYEAR:
        raise ValueError(f"year {year} is out of range")
    _check_range("month", month, 1, 12)
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise ValueError("day is out of range for month")
    _check_range("hour", hour, 0, 23)
    _check_range("minute", minute, 0, 59)
    _check_range("second", second, 0, 59)


def _check_range(name, value, least, most):
    if not least <= value <= most:
        raise ValueError(f"{name} must be in {least}..{most}")
