"""`dateutil` as programs see it: what the original gives them of the library of that name, written
anew. The files `dateutil_*.py` are its parts."""

from dateutil_isoparser import isoparse
from dateutil_occurrences import DAILY, HOURLY, MINUTELY, MONTHLY, SECONDLY, WEEKLY, YEARLY
from dateutil_parser import ParserError, parse
from dateutil_recurrence import rruleset
from dateutil_relativedelta import relativedelta
from dateutil_rrule import rrule
from dateutil_rrulestr import rrulestr
from dateutil_tz import UTC, tzoffset, tzutc
from dateutil_weekdays import DELTA_WEEKDAYS, RULE_WEEKDAYS, weekdays_by_name
from modules import wrap_module
from zones import timezone

CONTEXT = {
    "dateutil": wrap_module(
        tz=wrap_module(UTC=UTC, tzutc=tzutc, tzoffset=tzoffset, gettz=timezone),
        parser=wrap_module(isoparse=isoparse, parse=parse, ParserError=ParserError),
        relativedelta=wrap_module(relativedelta=relativedelta, **weekdays_by_name(DELTA_WEEKDAYS)),
        rrule=wrap_module(
            rrule=rrule,
            rruleset=rruleset,
            rrulestr=rrulestr,
            YEARLY=YEARLY,
            MONTHLY=MONTHLY,
            WEEKLY=WEEKLY,
            DAILY=DAILY,
            HOURLY=HOURLY,
            MINUTELY=MINUTELY,
            SECONDLY=SECONDLY,
            **weekdays_by_name(RULE_WEEKDAYS),
        ),
    )
}

WAITING_NAMES = frozenset()
