"""Schedules: what Scheduler would refuse or never fire is refused, what starts nothing any more is doubted."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.config.schedule import check, doubt

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 minute)",
        "rate(1 minutes)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(14 days)",
        "cron(0 9 ? * MON-FRI *)",
        "cron(0/15 * * * ? *)",
        "cron(0 8 1 * ? 2027)",
        "cron(0 0 L * ? *)",
        "cron(*/59 * * * ? *)",
        "cron(0 */23 * * ? *)",
        "cron(0 0 */30 * ? *)",
        "cron(0 0 1 */11 ? *)",
        "cron(0 0 1 1 ? 2026/2)",
        "cron(0 0 1 1 ? */2)",
        "cron(0-15/20 8-18/2 * * ? *)",
        "cron(5/10 * ? * MON-FRI *)",
        "cron(0 0 29 2 ? *)",
        "cron(0 0 29 FEB ? 2028)",
        "cron(0 0 29 2 ? 2025-2028)",
        "cron(0 0 31 * ? *)",
        "cron(0 0 31 4,5 ? *)",
        "cron(0 0 30,31 2,4 ? *)",
        "cron(0 0 30 4,6,9,11 ? *)",
        "cron(0 0 31-1 2 ? *)",
        "cron(0 22-3 * * ? *)",
        "cron(0 0 1 NOV-FEB ? *)",
        "cron(0 0 ? * FRI-MON *)",
        "cron(0 0 L 2 ? *)",
        "cron(0 0 LW 2 ? *)",
        "cron(0 0 1W * ? *)",
        "cron(0 0 31W 1 ? *)",
        "cron(0 0 ? * 6#5 *)",
        "cron(0 0 ? 2 MON#5 *)",
        "cron(0 0 ? 2 FRIL *)",
        "cron(0 0 ? * L *)",
        "cron(0 9 ? * mon-fri *)",
        "at(2020-01-01T00:00:00)",
    ],
)
def test_a_schedule_that_fires_is_taken_as_it_is(schedule):
    assert check(schedule) == schedule


FORMS = "must be rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2027-01-31T09:00:00)"


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(0 minutes)",
        "rate(-5 minutes)",
        "rate(1.5 hours)",
        "rate(5 seconds)",
        "rate(5)",
        "rate(five minutes)",
        "rate(5 minutes",
        "cron()",
        "cron(0 9 * * *)",
        "cron(0 9 ? * MON-FRI * *)",
        "cron(99 9 ? * MON-FRI *)",
        "cron(0 24 ? * MON-FRI *)",
        "cron(0 9 ? 13 MON-FRI *)",
        "cron(0 9 * * * *)",
        "cron(0 9 ? * MON-FRI *",
        "CRON(0 9 ? * MON-FRI *)",
        "0 9 * * 1-5",
        "at(tomorrow)",
        "at(2027-13-01T09:00:00)",
        "at(2027-02-30T09:00:00)",
        "at(2027-01-31T25:00:00)",
        "at(2027-01-31)",
        "at(2027-01-31T09:00:00Z)",
        "daily",
        " rate(5 minutes)",
        "rate(5 minutes)\n",
    ],
)
def test_what_is_no_schedule_is_refused(schedule):
    with pytest.raises(ValueError, match=f"^{re.escape(FORMS)}"):
        check(schedule)


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("cron(*/60 * * * ? *)", "a step of minute must be at most 59, got 60"),
        ("cron(0,5/90 * * * ? *)", "a step of minute must be at most 59, got 90"),
        ("cron(0 */24 * * ? *)", "a step of hour must be at most 23, got 24"),
        ("cron(0 8-18/48 * * ? *)", "a step of hour must be at most 23, got 48"),
        ("cron(0 0 */31 * ? *)", "a step of day-of-month must be at most 30, got 31"),
        ("cron(0 0 1 */12 ? *)", "a step of month must be at most 11, got 12"),
        ("cron(0 0 1 JAN/13 ? *)", "a step of month must be at most 11, got 13"),
        ("cron(0 0 1 1 ? */230)", "a step of year must be at most 229, got 230"),
        ("cron(0 0 31 2 ? *)", "never fires"),
        ("cron(0 0 30 FEB ? *)", "never fires"),
        ("cron(0 0 30-31 2 ? *)", "never fires"),
        ("cron(0 0 31W 2 ? *)", "never fires"),
        ("cron(0 0 31 4 ? *)", "never fires"),
        ("cron(0 0 31 APR,JUN,9,11 ? *)", "never fires"),
        ("cron(0 0 29 2 ? 2027)", "never fires"),
        ("cron(0 0 29 2 ? 2025-2027)", "never fires"),
        ("cron(0 0 29 2 ? 2100)", "never fires"),
        ("cron(0 0 ? 2 MON#5 2027)", "never fires"),
        ("cron(0 0 1 1 ? 2030-2027)", "never fires: the years 2030-2027 run backwards"),
    ],
)
def test_a_schedule_that_aws_refuses_or_never_fires_is_refused(schedule, why):
    with pytest.raises(ValueError, match=f"^{re.escape(FORMS)}.*{re.escape(why)}"):
        check(schedule)


@pytest.mark.parametrize(
    ("schedule", "zone", "why"),
    [
        ("", "UTC", ""),
        ("rate(5 minutes)", "UTC", ""),
        ("at(2026-11-25T11:59:59)", "UTC", "lies in the past"),
        ("at(2026-11-25T12:00:01)", "UTC", ""),
        ("at(2026-11-25T12:59:59)", "Europe/Berlin", "lies in the past"),
        ("at(2026-11-25T13:00:01)", "Europe/Berlin", ""),
        ("at(2027-03-28T02:30:00)", "Europe/Berlin", "names an hour that Europe/Berlin skips"),
        ("at(2027-03-28T02:30:00)", "UTC", ""),
        ("at(2027-03-28T03:00:00)", "Europe/Berlin", ""),
        ("at(2027-10-31T02:30:00)", "Europe/Berlin", ""),
        ("at(2027-03-14T02:00:00)", "America/New_York", "names an hour that America/New_York skips"),
        ("at(0001-01-01T00:00:00)", "Asia/Tokyo", "lies in the past"),
        ("at(9999-12-31T23:59:59)", "America/New_York", ""),
        ("cron(0 9 * * ? *)", "UTC", ""),
        ("cron(0 9 * * ? 2020-2025)", "UTC", "lies in the past"),
        ("cron(0 9 1 1 ? 2026)", "UTC", "lies in the past"),
        ("cron(0 9 1 1 ? 2026-2027)", "UTC", ""),
        ("cron(0 8-12 25 11 ? 2026)", "UTC", "lies in the past"),
        ("cron(0 8-13 25 11 ? 2026)", "UTC", ""),
        ("cron(0 8-13 25 11 ? 2026)", "Europe/Berlin", "lies in the past"),
        ("cron(30 2 28 3 ? 2027)", "Europe/Berlin", "names an hour that Europe/Berlin skips"),
        ("cron(30 2,4 28 3 ? 2027)", "Europe/Berlin", ""),
        ("cron(30 2 28 3 ? *)", "Europe/Berlin", ""),
        ("cron(30 2 ? 3 1L 2027-2029)", "Europe/Berlin", "names an hour that Europe/Berlin skips"),
        ("cron(30 2 ? 3 1L 2027-2029)", "UTC", ""),
    ],
)
def test_a_schedule_that_starts_nothing_from_now_on_is_doubted(schedule, zone, why):
    found = doubt(schedule, zone, NOON)
    assert why in found
    assert bool(found) == bool(why)
    once = ": AWS does not say whether it then starts nothing, or a run at once"
    assert found.endswith((": it starts nothing" if schedule.startswith("cron") else once) if why else "")


CRONS = st.builds(
    "cron({} {} {} {} {} {})".format,
    *(st.text("0123456789*,-/", min_size=1, max_size=5) for _ in range(2)),
    st.text("0123456789*,-/LW?", min_size=1, max_size=5),
    st.text("0123456789*,-/JANFEB", min_size=1, max_size=5),
    st.text("01234567*,-/L#MONSUN?", min_size=1, max_size=5),
    st.just("*") | st.text("0123456789*,-/", min_size=4, max_size=9),
)
FIELD = st.sampled_from(["*", "1", "5-10", "10-5", "*/7", "3/4", "2-9/3", "1,7", "*-4", "6-*"])
GOOD = st.builds(
    "cron({} {} {} {} {} {})".format,
    FIELD,
    FIELD,
    st.just("?"),
    FIELD,
    st.sampled_from(["*", "2", "FRI-MON", "L", "6L", "L-3", "MON#2", "sun,3"]),
    st.sampled_from(["*", "2027", "2026-2030", "2030-*", "*/3"]),
)


@settings(deadline=None)
@given(CRONS | GOOD)
def test_any_cron_is_taken_or_refused(schedule):
    try:
        check(schedule)
    except ValueError:
        return
    assert isinstance(doubt(schedule, "Europe/Berlin", NOON), str)


@settings(deadline=None)
@given(GOOD)
def test_every_form_of_a_field_is_read(schedule):
    assert check(schedule) == schedule
