from __future__ import annotations

import sys
import time
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.approvals.faces import when


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("utc", "timezone", "written"),
    [
        ("2026-11-27T13:30:00", "Europe/Berlin", "Fri 27 Nov 2026, 14:30 CET"),
        ("2026-11-27T13:30:00", "UTC", "Fri 27 Nov 2026, 13:30 UTC"),
        ("2026-11-27T23:30:00", "Europe/Berlin", "Sat 28 Nov 2026, 00:30 CET"),
        ("2026-11-01T02:05:00", "America/New_York", "Sat 31 Oct 2026, 22:05 EDT"),
    ],
)
def test_a_time_is_written_with_weekday_and_zone(utc: str, timezone: str, written: str) -> None:
    assert when.local(at(utc), timezone) == written


@pytest.mark.parametrize(
    ("timezone", "before", "after"),
    [
        # The clocks go forward: an hour is skipped.
        ("Europe/Berlin", ("2026-03-29T00:59:00", "01:59 CET"), ("2026-03-29T01:00:00", "03:00 CEST")),
        ("America/New_York", ("2026-03-08T06:59:00", "01:59 EST"), ("2026-03-08T07:00:00", "03:00 EDT")),
        # By half an hour.
        ("Australia/Lord_Howe", ("2026-10-03T15:29:00", "01:59 UTC+10:30"), ("2026-10-03T15:31:00", "02:31 UTC+11")),
        # The clocks go back: an hour comes twice, and only the zone tells which of the two is meant.
        ("Europe/Berlin", ("2026-10-25T00:30:00", "02:30 CEST"), ("2026-10-25T01:30:00", "02:30 CET")),
        ("America/New_York", ("2026-11-01T05:30:00", "01:30 EDT"), ("2026-11-01T06:30:00", "01:30 EST")),
        ("Australia/Lord_Howe", ("2026-04-04T14:45:00", "01:45 UTC+11"), ("2026-04-04T15:15:00", "01:45 UTC+10:30")),
    ],
)
def test_the_hours_of_a_clock_change_are_told_apart(
    timezone: str, before: tuple[str, str], after: tuple[str, str]
) -> None:
    for utc, written in (before, after):
        assert when.local(at(utc), timezone).endswith(f", {written}")


@pytest.mark.parametrize(
    ("timezone", "zone"),
    [("Europe/Istanbul", "UTC+03"), ("America/Sao_Paulo", "UTC-03"), ("Asia/Kathmandu", "UTC+05:45")],
)
def test_a_zone_without_an_abbreviation_is_shown_as_its_offset(timezone: str, zone: str) -> None:
    assert when.local(at("2026-11-27T13:30:00"), timezone).endswith(f" {zone}")


@pytest.mark.parametrize("timezone", ["Mars/Olympus_Mons", "", "../etc/passwd", "Europe", "\0"])
def test_an_unknown_zone_becomes_utc_and_says_so(timezone: str) -> None:
    assert when.local(at("2026-11-27T13:30:00"), timezone) == "Fri 27 Nov 2026, 13:30 UTC"


def test_a_runtime_without_zone_data_writes_utc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ["tzdata", *(name for name in sys.modules if name.startswith("tzdata."))]:
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails
    zoneinfo.reset_tzpath([tmp_path])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        assert when.local(at("2026-11-27T13:30:00"), "Europe/Berlin") == "Fri 27 Nov 2026, 13:30 UTC"
    finally:
        zoneinfo.reset_tzpath()
        zoneinfo.ZoneInfo.clear_cache()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own zone is neither UTC nor the one asked for."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("text", ["2026-11-27T13:30:00Z", "2026-11-27T15:30:00+02:00", "2026-11-27T13:30:00"])
def test_a_task_s_own_time_is_written_in_the_zone_asked_for(text: str) -> None:
    assert when.local_iso(text, "Europe/Berlin") == "Fri 27 Nov 2026, 14:30 CET"


def test_a_time_may_go_without_its_weekday() -> None:
    assert when.local_iso("2026-11-27T13:30:00Z", "Europe/Berlin", weekday=False) == "27 Nov 2026, 14:30 CET"
    assert when.local_iso("the day after", "UTC", weekday=False) == '"the day after"'


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-27T13:30:00Z", "2026-11-27T13:30:00Z"),
        ("2026-11-27T15:30:00.5+02:00", "2026-11-27T13:30:00Z"),
        ("2026-11-27T13:30", "2026-11-27T13:30:00Z"),
        ("0099-01-01T00:00:00Z", "0099-01-01T00:00:00Z"),
    ],
)
def test_a_task_s_own_time_is_kept_in_utc(text: str, read: str) -> None:
    assert when.utc(text) == read
    assert when.utc(read) == read


@pytest.mark.parametrize(
    "value", ["", "T", "2026-11-27", "20261127", "2026-11-27T25:00", "9999-12-31T23:59:59-12:00", None, 5]
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert when.utc(value) == ""


@pytest.mark.parametrize("text", ["yesterday", "", "0001-01-01T00:00:00+14:00", "2026-13-01"])
def test_what_is_no_time_is_quoted(text: str) -> None:
    assert when.local_iso(text, "America/New_York") == (f'"{text}"' if text else "")


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "less than a minute"),
        (-5, "less than a minute"),
        (1, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (89, "1 minute"),
        (125, "2 minutes"),
        (3_599, "1 hour"),
        (7_500, "2 hours 5 minutes"),
        (7_529, "2 hours 5 minutes"),
        (7_530, "2 hours 6 minutes"),
        (3_600, "1 hour"),
        (86_399, "1 day"),
        (86_400 + 300, "1 day"),
        (86_400 + 3 * 3_600, "1 day 3 hours"),
        (3 * 86_400 + 3_600, "3 days 1 hour"),
        (31_536_000, "365 days"),
    ],
)
def test_a_duration_has_at_most_two_units_and_no_seconds(seconds: int, written: str) -> None:
    assert when.duration(seconds) == written
