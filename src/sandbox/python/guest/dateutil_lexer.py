"""The words and numbers of a text that holds a date, and what the words mean."""

import re

# A dot between digits is a decimal point unless there is another one, as in 25.9.2003; so is a
# comma after two digits or more, as in 10:49:41,502. Line breaks and tabs count as spaces.
_TOKEN = re.compile(r"(?<![^\W_]\.)\d+\.\d+(?![\d.])|(?<![^\W_]\.)\d{2,},\d+(?![\d.])|\d+|[^\W\d_]+|.", re.DOTALL)

_MONTHS = (
    "jan january",
    "feb february",
    "mar march",
    "apr april",
    "may",
    "jun june",
    "jul july",
    "aug august",
    "sep sept september",
    "oct october",
    "nov november",
    "dec december",
)
_WEEKDAYS = ("mon monday", "tue tuesday", "wed wednesday", "thu thursday", "fri friday", "sat saturday", "sun sunday")
_UNITS = ("h hour hours", "m minute minutes", "s second seconds")
_MERIDIEMS = ("am a", "pm p")
_FILLERS = frozenset((" ", ".", ",", ";", "-", "/", "'", *"at on and ad m t of st nd rd th".split()))
UTC_NAMES = frozenset(("UTC", "GMT", "Z", "z"))


def _number_words(groups):
    return {word: number for number, words in enumerate(groups) for word in words.split()}


_month_numbers = _number_words(_MONTHS)
_weekday_numbers = _number_words(_WEEKDAYS)
_unit_numbers = _number_words(_UNITS)
_meridiem_numbers = _number_words(_MERIDIEMS)


def split_tokens(text):
    tokens = []
    for token in _TOKEN.findall(text.replace("\0", "")):
        if token.isspace():
            token = " "
        tokens.append(token.replace(",", ".") if len(token) > 1 else token)
    return tokens


def find_month(token):
    """1 to 12, or None."""
    number = _month_numbers.get(token.lower())
    return None if number is None else number + 1


def find_weekday(token):
    """0 for Monday to 6, or None."""
    return _weekday_numbers.get(token.lower())


def find_unit(token):
    """0 for hours, 1 for minutes, 2 for seconds, or None."""
    return _unit_numbers.get(token.lower())


def find_meridiem(token):
    """0 for a.m., 1 for p.m., or None."""
    return _meridiem_numbers.get(token.lower())


def is_filler(token):
    """Whether it says nothing."""
    return token.lower() in _FILLERS


def is_number(token):
    return token[0].isdecimal()


def looks_like_zone(token):
    return len(token) <= 5 and ((token.isascii() and token.isalpha() and token.isupper()) or token in UTC_NAMES)
