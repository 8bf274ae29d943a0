"""Reads the tokens of a text as date and time. Every rule gets a place and gives how many tokens
it took, 0 when it does not apply. ValueError: what stands there cannot be part of a date."""

from dateutil_dates import DateNumbers, complete_year
from dateutil_lexer import (
    UTC_NAMES,
    find_meridiem,
    find_month,
    find_unit,
    find_weekday,
    is_filler,
    is_number,
    looks_like_zone,
)

_HOUR, _MINUTE, _SECOND = range(3)
# Lengths of YYYYMMDD, and the same with HHMM and HHMMSS.
_PACKED = (8, 12, 14)


class Reader:
    """`read` fills the fields in; those that the text does not say stay None. `zone_offset` is in
    seconds. `skipped`: the places of the tokens that were no part of it, when `fuzzy`."""

    __slots__ = (
        "tokens",
        "fuzzy",
        "date",
        "weekday",
        "hour",
        "minute",
        "second",
        "microsecond",
        "meridiem",
        "zone_name",
        "zone_offset",
        "skipped",
    )

    def __init__(self, tokens, fuzzy):
        self.tokens = tokens
        self.fuzzy = fuzzy
        self.date = DateNumbers()
        self.skipped = []
        self.weekday = self.hour = self.minute = self.second = self.microsecond = None
        self.meridiem = self.zone_name = self.zone_offset = None

    def is_empty(self):
        parts = (self.weekday, self.hour, self.minute, self.second, self.zone_name, self.zone_offset)
        return len(self.date) == 0 and all(part is None for part in parts)

    def read(self):
        at = 0
        while at < len(self.tokens):
            at += self._read_token(at)

    def _read_token(self, at):
        if is_number(self.tokens[at]):
            return self._read_number(at)
        for rule in (self._read_weekday, self._read_month, self._read_meridiem, self._read_zone, self._read_offset):
            taken = rule(at)
            if taken > 0:
                return taken
        if not self.fuzzy and not is_filler(self.tokens[at]):
            raise ValueError("neither part of a date nor filler")
        self.skipped.append(at)
        return 1

    def _token(self, at):
        return self.tokens[at] if 0 <= at < len(self.tokens) else ""

    def _read_number(self, at):
        rules = (
            self._read_hour_after_date,
            self._read_six_digits,
            self._read_packed,
            self._read_amount,
            self._read_clock,
            self._read_separated_date,
            self._read_lone_number,
            self._read_hour_with_meridiem,
            self._read_day,
        )
        for rule in rules:
            taken = rule(at)
            if taken > 0:
                return taken
        if not self.fuzzy:
            raise ValueError("a number that is no part of a date")
        return 1

    def _read_hour_after_date(self, at):
        """20030925T10, 20030925T1030"""
        token, after = self.tokens[at], self._token(at + 1)
        if len(self.date) < 3 or self.hour is not None or len(token) not in (2, 4):
            return 0
        if after == ":" or find_unit(after) is not None:
            return 0
        self.hour = int(token[:2])
        if len(token) == 4:
            self.minute = int(token[2:])
        return 1

    def _read_six_digits(self, at):
        """YYMMDD; HHMMSS where there is a date already."""
        digits, dot, fraction = self.tokens[at].partition(".")
        if len(digits) != 6:
            return 0
        parts = digits[:2], digits[2:4], digits[4:]
        if len(self.date) == 0 and not dot:
            for part in parts:
                self.date.add(part)
        else:
            self.hour, self.minute = int(parts[0]), int(parts[1])
            self._set_seconds(parts[2], fraction)
        return 1

    def _read_packed(self, at):
        token = self.tokens[at]
        if "." in token and len(token) in (6, *_PACKED):
            # The original takes 30.999 for six digits, which it then cannot read.
            raise ValueError("a decimal that is no part of a date")
        if len(token) not in _PACKED:
            return 0
        for part in (token[:4], token[4:6], token[6:8]):
            self.date.add(part)
        if len(token) > 8:
            self.hour, self.minute = int(token[8:10]), int(token[10:12])
        if len(token) > 12:
            self.second = int(token[12:])
        return 1

    def _read_amount(self, at):
        """10h, 36 minutes; a number after one of those counts the next smaller unit."""
        unit, taken = self._find_amount_unit(at)
        if taken == 0:
            return 0
        digits, _, fraction = self.tokens[at].partition(".")
        if unit == _HOUR:
            self.hour = int(digits)
            if _sixtieths(fraction):
                self.minute = _sixtieths(fraction)
        elif unit == _MINUTE:
            self._set_minutes(digits, fraction)
        elif unit == _SECOND:
            self._set_seconds(digits, fraction)
        return taken

    def _find_amount_unit(self, at):
        after = find_unit(self._token(at + 1))
        if after is not None:
            return after, 2
        if self._token(at + 1) == " ":
            after = find_unit(self._token(at + 2))
            if after is not None:
                return after, 3
        before = find_unit(self._token(at - 1))
        if before is None and at == len(self.tokens) - 1 and self._token(at - 1) == " ":
            before = find_unit(self._token(at - 2))
        return (None, 0) if before is None else (before + 1, 1)

    def _read_clock(self, at):
        """10:36, 10:36:28.5"""
        if self._token(at + 1) != ":" or at + 2 == len(self.tokens):
            return 0
        self.hour = _whole(self.tokens[at])
        minutes, _, fraction = self.tokens[at + 2].partition(".")
        self._set_minutes(minutes, fraction)
        if self._token(at + 3) != ":" or at + 4 >= len(self.tokens):
            return 3
        seconds, _, fraction = self.tokens[at + 4].partition(".")
        self._set_seconds(seconds, fraction)
        return 5

    def _set_minutes(self, digits, fraction):
        self.minute = int(digits)
        self.second = _sixtieths(fraction) or None

    def _set_seconds(self, digits, fraction):
        self.second = int(digits)
        self.microsecond = int(fraction[:6].ljust(6, "0"))

    def _read_separated_date(self, at):
        """2003-09-25, 25/Sep/2003, 25.9.2003"""
        separator = self._token(at + 1)
        if separator not in ("-", "/", "."):
            return 0
        self.date.add(self.tokens[at])
        second = self._token(at + 2)
        if second == "" or is_filler(second):
            return 2
        self._add_date_part(second)
        if self._token(at + 3) != separator:
            return 3
        self._add_date_part(self._token(at + 4))
        return 5

    def _add_date_part(self, token):
        month = find_month(token)
        if month is not None:
            self.date.add_month(month)
        elif token.isdecimal():
            self.date.add(token)
        else:
            raise ValueError("a date has numbers and months")

    def _read_lone_number(self, at):
        """A number before filler, which goes with it: `25,`. Or an hour: `10 am`."""
        after = self._token(at + 1)
        if after != "" and not is_filler(after):
            return 0
        meridiem = find_meridiem(self._token(at + 2))
        if meridiem is None:
            self.date.add_number(_whole(self.tokens[at]))
            return 2 if after else 1
        self.hour = _to_24_hours(_whole(self.tokens[at]), meridiem)
        return 3

    def _read_hour_with_meridiem(self, at):
        """10am"""
        meridiem = find_meridiem(self._token(at + 1))
        if meridiem is None or _whole(self.tokens[at]) >= 24:
            return 0
        self.hour = _to_24_hours(_whole(self.tokens[at]), meridiem)
        return 2

    def _read_day(self, at):
        number = _whole(self.tokens[at])
        if not self.date.may_be_day(number):
            return 0
        self.date.add_number(number)
        return 1

    def _read_weekday(self, at):
        weekday = find_weekday(self.tokens[at])
        if weekday is None:
            return 0
        self.weekday = weekday
        return 1

    def _read_month(self, at):
        """Sep, Sep-25, Sep/25/2003, Sep of 03. What stands after "of" is taken, a year or not."""
        month = find_month(self.tokens[at])
        if month is None:
            return 0
        self.date.add_month(month)
        separator = self._token(at + 1)
        if separator in ("-", "/"):
            self.date.add(self._token(at + 2))
            if self._token(at + 3) != separator:
                return 3
            self.date.add(self._token(at + 4))
            return 5
        if separator == self._token(at + 3) == " " and self._token(at + 2).lower() == "of":
            year = self._token(at + 4)
            if year.isdecimal():
                self.date.add_year(complete_year(int(year)) if int(year) < 100 else int(year))
            return 5 if year else 1
        return 1

    def _read_meridiem(self, at):
        meridiem = find_meridiem(self.tokens[at])
        if meridiem is None:
            return 0
        fits = self.hour is not None and 0 <= self.hour <= 12
        if self.fuzzy and (self.meridiem is not None or not fits):
            # A word then, and not the name of a zone: 20:04 PM UTC.
            self.skipped.append(at)
            return 1
        if not fits:
            raise ValueError("a.m. and p.m. go with an hour of twelve")
        self.hour = _to_24_hours(self.hour, meridiem)
        self.meridiem = meridiem
        return 1

    def _read_zone(self, at):
        token = self.tokens[at]
        if self.hour is None or self.zone_name is not None or self.zone_offset is not None:
            return 0
        if not looks_like_zone(token):
            return 0
        self.zone_name = token
        if token in UTC_NAMES:
            self.zone_offset = 0
        sign = self._token(at + 1)
        if sign in ("+", "-"):
            # "GMT+3" says "my time is GMT's and 3 hours more": it has the sign of POSIX, not that of ISO.
            self.tokens[at + 1] = "-" if sign == "+" else "+"
            self.zone_offset = None
            if token in UTC_NAMES:
                self.zone_name = None
        return 1

    def _read_offset(self, at):
        """+3, -0300, +03:00, and a name in parentheses after it"""
        if self.hour is None or self.tokens[at] not in ("+", "-"):
            return 0
        digits = self._token(at + 1)
        taken = 2
        if len(digits) == 4:
            hours, minutes = int(digits[:2]), int(digits[2:])
        elif self._token(at + 2) == ":":
            hours, minutes = int(digits), int(self._token(at + 3))
            taken = 4
        elif len(digits) <= 2:
            hours, minutes = int(digits), 0
        else:
            raise ValueError("an offset has hours and minutes")
        sign = 1 if self.tokens[at] == "+" else -1
        self.zone_offset = sign * (hours * 60 + minutes) * 60
        return taken + self._read_zone_in_parentheses(at + taken)

    def _read_zone_in_parentheses(self, at):
        name = self._token(at + 2)
        if not is_filler(self._token(at)) or self._token(at + 1) != "(" or self._token(at + 3) != ")":
            return 0
        if self.zone_name is not None or len(name) < 3 or not looks_like_zone(name):
            return 0
        self.zone_name = name
        return 4


def _whole(token):
    return int(token.partition(".")[0])


def _sixtieths(fraction):
    return int(fraction) * 60 // 10 ** len(fraction) if fraction else 0


def _to_24_hours(hour, meridiem):
    if meridiem == 1 and hour < 12:
        return hour + 12
    return 0 if meridiem == 0 and hour == 12 else hour
