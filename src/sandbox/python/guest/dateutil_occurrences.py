"""The moments of a recurrence rule, period by period: of a year, a month, a week, a day, an hour,
a minute or a second, those are taken that its BY-parts allow."""

import calendar
import datetime
import functools
import math

YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY = range(7)

_LAST_DAY = datetime.date.max.toordinal()
_from_ordinal = datetime.date.fromordinal
_PER_DAY = {HOURLY: 24, MINUTELY: 1_440, SECONDLY: 86_400}


def generate_moments(rule):
    """Yields datetimes in order."""
    left = math.inf if rule._count is None else rule._count
    if left <= 0:
        return
    for period in _periods(rule):
        for moment in period:
            if moment < rule._dtstart:
                continue
            if rule._until is not None and moment > rule._until:
                return
            yield moment
            left -= 1
            # To look for one more could take long.
            if left <= 0:
                return


def _periods(rule):
    """Yields what each period has: its datetimes, in order."""
    if rule._freq <= DAILY:
        times = _make_times(rule._byhour, rule._byminute, rule._bysecond)
        for days in _PERIODS_OF_DAYS[rule._freq](rule):
            yield _combine(rule, days, times)
    else:
        for day, times in _periods_in_days(rule):
            yield _combine(rule, (day,), times)


def _find_last_day(rule):
    """The ordinal of a day after which there is nothing: a rule of which nothing comes has to end."""
    if rule._until is None:
        return _LAST_DAY
    # `until` may be of another zone.
    return min(_LAST_DAY, rule._until.toordinal() + 2)


def _combine(rule, days, times):
    moments = (datetime.datetime.combine(day, time, rule._dtstart.tzinfo) for day in days for time in times)
    if not rule._bysetpos:
        return moments
    moments = list(moments)
    places = {place - 1 if place > 0 else place + len(moments) for place in rule._bysetpos}
    return [moments[place] for place in sorted(places) if 0 <= place < len(moments)]


def _make_times(hours, minutes, seconds):
    return [datetime.time(hour, minute, second) for hour in hours for minute in minutes for second in seconds]


def _years(rule):
    allows = _day_test(rule, by_months=False)
    last = _from_ordinal(_find_last_day(rule)).year
    for year in range(rule._dtstart.year, last + 1, rule._interval):
        months = rule._bymonth or range(1, 13)
        yield [day for month in months for day in _days_of_month(rule, year, month) if allows(day)]


def _months(rule):
    allows = _day_test(rule, by_months=False)
    start, last = rule._dtstart, _from_ordinal(_find_last_day(rule))
    for number in range(start.year * 12 + start.month - 1, last.year * 12 + last.month, rule._interval):
        year, month = number // 12, number % 12 + 1
        if not rule._bymonth or month in rule._bymonth:
            yield [day for day in _days_of_month(rule, year, month) if allows(day)]


def _days_of_month(rule, year, month):
    if not 1 <= month <= 12:
        return []
    length = calendar.monthrange(year, month)[1]
    if not rule._bymonthday:
        return [datetime.date(year, month, day) for day in range(1, length + 1)]
    days = {day if day > 0 else length + 1 + day for day in rule._bymonthday}
    return [datetime.date(year, month, day) for day in sorted(days) if 1 <= day <= length]


def _weeks(rule):
    """The first week begins with the rule: what is before in it has no place that BYSETPOS counts."""
    allows = _day_test(rule)
    first, last = rule._dtstart.toordinal(), _find_last_day(rule)
    first_start = first - (_from_ordinal(first).weekday() - rule._wkst) % 7
    for start in range(first_start, last + 1, rule._interval * 7):
        days = range(max(start, first), min(start + 7, _LAST_DAY + 1))
        yield [day for day in map(_from_ordinal, days) if allows(day)]


def _days(rule):
    allows = _day_test(rule)
    for ordinal in range(rule._dtstart.toordinal(), _find_last_day(rule) + 1, rule._interval):
        day = _from_ordinal(ordinal)
        if allows(day):
            yield (day,)


_PERIODS_OF_DAYS = {YEARLY: _years, MONTHLY: _months, WEEKLY: _weeks, DAILY: _days}


def _periods_in_days(rule):
    """Hours, minutes or seconds, counted from the first day of all. Yields (day, its times)."""
    per_day = _PER_DAY[rule._freq]
    start = rule._dtstart
    place = start.hour * 3600 + start.minute * 60 + start.second
    at = start.toordinal() * per_day + place * per_day // 86_400
    _check_reachable(rule, at % per_day, per_day)
    allows = _day_test(rule)
    last = _find_last_day(rule)
    while at // per_day <= last:
        ordinal = at // per_day
        day, midnight = _from_ordinal(ordinal), ordinal * per_day
        if allows(day):
            for now in _places_in_day(rule, at, midnight, per_day, rule._interval):
                yield day, _times_at(rule, now - midnight)
        at = _align(at, midnight + per_day, rule._interval)


def _align(at, least, interval):
    """The first of `at`, `at` + `interval` … that is not below `least`."""
    return at if at >= least else at + -(-(least - at) // interval) * interval


def _places_in_day(rule, at, midnight, per_day, interval):
    """Yields the places of a day that are reached from `at`, and whose hour, minute and second the
    rule allows. It goes from hour to hour: second by second would be slow."""
    per_hour = per_day // 24
    for hour in range(24):
        if rule._byhour and hour not in rule._byhour:
            continue
        begin = midnight + hour * per_hour
        spans = [(begin, begin + per_hour)]
        if rule._freq == SECONDLY and rule._byminute:
            starts = [begin + minute * 60 for minute in range(60) if minute in rule._byminute]
            spans = [(start, start + 60) for start in starts]
        for least, end in spans:
            for now in range(_align(at, least, interval), end, interval):
                if _allows_place(rule, now - midnight):
                    yield now


def _allows_place(rule, place):
    if rule._freq == MINUTELY:
        return not rule._byminute or place % 60 in rule._byminute
    return rule._freq == HOURLY or not rule._bysecond or place % 60 in rule._bysecond


def _times_at(rule, place):
    if rule._freq == HOURLY:
        return _make_times((place,), rule._byminute, rule._bysecond)
    if rule._freq == MINUTELY:
        return _make_times((place // 60,), (place % 60,), rule._bysecond)
    return _make_times((place // 3600,), (place // 60 % 60,), (place % 60,))


def _check_reachable(rule, place, per_day):
    """Steps that never fall on an hour that is allowed would be taken for ever."""
    step = math.gcd(rule._interval, per_day)
    if next(_places_in_day(rule, place % step, 0, per_day, step), None) is None:
        parts = " and byhour" if rule._freq == MINUTELY else ", byhour and byminute"
        raise ValueError(f"Invalid combination of interval{parts} resulting in empty rule.")


def _day_test(rule, by_months=True):
    """Gives a function that says whether a date is allowed. Without `by_months` the months and
    their days are chosen already."""
    tests = []
    if by_months and rule._bymonth:
        tests.append(lambda day: day.month in rule._bymonth)
    if by_months and rule._bymonthday:
        tests.append(lambda day: _counts_both_ways(day.day, _month_length(day), rule._bymonthday))
    if rule._byweekday or rule._bynweekday:
        tests.append(_weekday_test(rule))
    if rule._byyearday:
        tests.append(lambda day: _counts_both_ways(_day_of_year(day), _year_length(day.year), rule._byyearday))
    if rule._byweekno:
        tests.append(lambda day: _is_in_weeks(day, rule._wkst, rule._byweekno))
    if rule._byeaster:
        tests.append(lambda day: day.toordinal() - find_easter(day.year) in rule._byeaster)
    if not tests:
        return lambda day: True
    return tests[0] if len(tests) == 1 else lambda day: all(test(day) for test in tests)


def _weekday_test(rule):
    """A day of `byweekday` will do: every Tuesday, and the first Monday."""
    weekdays, nth_weekdays = rule._byweekday, rule._bynweekday
    if not nth_weekdays:
        return lambda day: day.weekday() in weekdays
    in_year = rule._freq == YEARLY and not rule._bymonth
    # Most days are neither: the cheap question is asked first.
    counted = {weekday for weekday, _ in nth_weekdays}

    def allows(day):
        weekday = day.weekday()
        return weekday in weekdays or (weekday in counted and _is_nth_weekday(day, in_year, nth_weekdays))

    return allows


def _counts_both_ways(number, length, wanted):
    return number in wanted or number - length - 1 in wanted


def _month_length(day):
    return calendar.monthrange(day.year, day.month)[1]


def _day_of_year(day):
    return day.toordinal() - datetime.date(day.year, 1, 1).toordinal() + 1


def _year_length(year):
    return 366 if calendar.isleap(year) else 365


def _is_nth_weekday(day, in_year, wanted):
    """`wanted`: pairs of a weekday and which of its kind it is in the year, or the month."""
    if in_year:
        number, length = _day_of_year(day), _year_length(day.year)
    else:
        number, length = day.day, _month_length(day)
    weekday = day.weekday()
    return (weekday, (number - 1) // 7 + 1) in wanted or (weekday, -((length - number) // 7 + 1)) in wanted


def _is_in_weeks(day, first_weekday, wanted):
    """A week belongs to the year that has its fourth day."""
    fourth = day.toordinal() + 3 - (day.weekday() - first_weekday) % 7
    if fourth > _LAST_DAY:
        return 1 in wanted
    if fourth < 1:
        return -1 in wanted
    fourth_day = _from_ordinal(fourth)
    year = fourth_day.year
    week = (_day_of_year(fourth_day) - 1) // 7 + 1
    weeks = week + (_year_length(year) - _day_of_year(fourth_day)) // 7
    # The last days of December may be in the next year's first week, which only its 1 names.
    return week in wanted or (year <= day.year and week - weeks - 1 in wanted)


@functools.lru_cache(maxsize=16)
def find_easter(year):
    """The ordinal of Easter Sunday of the Western churches: the Sunday after the full moon of March
    21 or later, by the tables of the Gregorian calendar."""
    century = year // 100
    golden = year % 19
    # Days from March 21 to the full moon: corrected for leap years that were left out and for the moon.
    epact_shift = century - century // 4 - (8 * century + 13) // 25 + 15
    moon = (19 * golden + epact_shift) % 30
    if moon == 29 or (moon == 28 and golden > 10):
        moon -= 1
    full_moon = datetime.date(year, 3, 21).toordinal() + moon
    # Ordinals that 7 divides are Sundays.
    return full_moon + 7 - full_moon % 7
