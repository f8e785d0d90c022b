"""Schedules of EventBridge Scheduler: rate, cron and at, and whether they ever start anything.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html#eb-cron-expressions

A library knows how each cron field is written; steps, and dates that do not exist, are left to us. What is known of
AWS: it refuses cron(*/60 * * * ? *) (https://github.com/aws/aws-sdk-js/issues/4212). Its syntax is Quartz's, where
ranges run past the end of their field (FRI-MON) except for years. Rates pass as `rate(1 hour)` and `rate(1 hours)`:
Scheduler's API lists both units, without the rule of singular and plural that EventBridge has for its own schedules.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import chain, product
from zoneinfo import ZoneInfo

from aws_cron_expression_validator.validator import AWSCronExpressionError, AWSCronExpressionValidator

FORMS = "must be rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2027-01-31T09:00:00)"
FIELDS = {  # the least and the greatest value of each
    "minute": (0, 59),
    "hour": (0, 23),
    "day-of-month": (1, 31),
    "month": (1, 12),
    "day-of-week": (1, 7),
    "year": (1970, 2199),
}
NAMES = {
    **{name: str(number) for number, name in enumerate("SUN MON TUE WED THU FRI SAT".split(), 1)},  # noqa: SIM905
    **{
        name: str(number)
        for number, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)  # noqa: SIM905
    },
}
Cron = dict[str, str]  # the text of each field


def check(expression: str) -> str:
    """Returns a schedule, or none, as it is; raises ValueError for one that Scheduler would refuse or never fire."""
    if not expression or re.fullmatch(r"rate\([1-9][0-9]{0,5} (minute|hour|day)s?\)", expression):
        return expression
    try:
        if _once(expression):
            return expression
        if cron := _cron(expression):
            _check_dates(cron)
            return expression
    except (AWSCronExpressionError, ValueError, IndexError) as error:
        raise ValueError(f"{FORMS} ({error})") from None
    raise ValueError(FORMS)


def doubt(expression: str, zone: str, now: datetime) -> str:
    """Why a valid schedule will not fire as it says after `now`, and what then; empty if it will."""
    here = ZoneInfo(zone)
    today = now.astimezone(here).replace(tzinfo=None)
    if not expression or expression.startswith("rate("):
        return ""
    ahead = (moment for moment in _times(expression, today.date()) if moment > today)
    first = next(ahead, None)
    outcome = "it starts nothing"
    if expression.startswith("at("):
        outcome = "AWS does not say whether it then starts nothing, or a run at once"
    if first is None:
        return f"lies in the past, before {today:%Y-%m-%dT%H:%M:%S} in {zone}: {outcome}"
    if all(_skipped(moment, here) for moment in chain([first], ahead)):
        return f"names an hour that {zone} skips when summer time begins: {outcome}"
    return ""


def _times(expression: str, since: date) -> Iterator[datetime]:
    """Naive times from a day on, in order."""
    if once := _once(expression):
        yield once
    elif cron := _cron(expression):
        clock = sorted(product(_numbers(cron, "hour"), _numbers(cron, "minute")))
        yield from (datetime.combine(day, time(hour, minute)) for day in _dates(cron, since) for hour, minute in clock)


def _once(expression: str) -> datetime | None:
    if re.fullmatch(r"at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\)", expression):
        return datetime.fromisoformat(expression[3:-1])
    return None


def _cron(expression: str) -> Cron | None:
    if not expression.startswith("cron(") or not expression.endswith(")"):
        return None
    inner = expression.removeprefix("cron(").removesuffix(")")
    AWSCronExpressionValidator.validate(inner)
    return dict(zip(FIELDS, inner.upper().split(" "), strict=True))


def _check_dates(cron: Cron) -> None:
    for name, text in cron.items():
        low, high = FIELDS[name]
        for step in map(int, re.findall(r"/([0-9]+)", text)):
            if step > high - low:
                raise ValueError(f"a step of {name} must be at most {high - low}, got {step}")
    if not _numbers(cron, "year"):
        raise ValueError(f"never fires: the years {cron['year']} run backwards")
    if not any(_dates(cron, date.min)):
        days = {name: cron[name] for name in ("day-of-month", "month", "day-of-week", "year")}
        raise ValueError(f"never fires: no date has {', '.join(f'{name} {text}' for name, text in days.items())}")


def _numbers(cron: Cron, name: str) -> list[int]:
    """The values that a field lists, in order."""
    return sorted({number for part in cron[name].split(",") for number in _part(part, name)})


def _part(part: str, name: str) -> list[int]:
    """`*`, `5`, `5-10`, `FRI-MON`, and all with a step behind, where `5/10` goes on to the end of the field."""
    low, high = FIELDS[name]
    span, _, step = re.sub("[A-Z]{3}", lambda found: NAMES[found[0]], part).partition("/")
    first, dash, last = span.partition("-")
    start = low if first == "*" else int(first)
    end = high if "*" in (first if not dash else "", last) or (step and not dash) else int(last or first)
    if start <= end:
        numbers = [*range(start, end + 1)]
    else:
        numbers = [] if name == "year" else [*range(start, high + 1), *range(low, end + 1)]
    return numbers[:: int(step or 1)]


def _dates(cron: Cron, since: date) -> Iterator[date]:
    """The dates from `since` on, in order."""
    months = _numbers(cron, "month")
    for year, month in product(_numbers(cron, "year"), months):
        if (year, month) >= (since.year, since.month):
            yield from (day for day in _days(cron, year, month) if day >= since)


def _days(cron: Cron, year: int, month: int) -> list[date]:
    days = [date(year, month, number + 1) for number in range(monthrange(year, month)[1])]
    text = cron["day-of-month"]
    if text == "?":
        return _weekdays(cron, days)
    if text == "L":
        return days[-1:]
    if text.endswith("W"):
        number = len(days) if text == "LW" else int(text[:-1])
        near = [day for day in days if day.isoweekday() <= 5]  # noqa: PLR2004 - Monday to Friday
        return sorted(near, key=lambda day: abs(day.day - number))[:1] if number <= len(days) else []
    numbers = _numbers(cron, "day-of-month")
    return [day for day in days if day.day in numbers]


def _weekdays(cron: Cron, days: list[date]) -> list[date]:
    text = re.sub("[A-Z]{3}", lambda found: NAMES[found[0]], cron["day-of-week"])
    if text.startswith("L"):
        return days  # the last day of the week, and what the library takes besides
    if text.endswith("L"):
        return [day for day in days if _weekday(day) == int(text[:-1])][-1:]
    if "#" in text:
        weekday, _, number = text.partition("#")
        return [day for day in days if _weekday(day) == int(weekday)][int(number) - 1 : int(number)]
    numbers = _numbers(cron, "day-of-week")
    return [day for day in days if _weekday(day) in numbers]


def _weekday(day: date) -> int:
    """Sunday is 1."""
    return day.isoweekday() % 7 + 1


def _skipped(moment: datetime, zone: ZoneInfo) -> bool:
    try:
        return moment.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment
    except OverflowError:  # the last hours of the year 9999
        return False
