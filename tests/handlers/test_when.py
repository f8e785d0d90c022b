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
    ("utc", "timezone", "written"),
    [
        # The clocks go forward by half an hour.
        ("2026-10-03T15:29:00", "Australia/Lord_Howe", "Sun 4 Oct 2026, 01:59 UTC+10:30"),
        ("2026-10-03T15:31:00", "Australia/Lord_Howe", "Sun 4 Oct 2026, 02:31 UTC+11"),
        # They go back: an hour comes twice, and only the zone tells which of the two is meant.
        ("2026-10-25T00:30:00", "Europe/Berlin", "Sun 25 Oct 2026, 02:30 CEST"),
        ("2026-10-25T01:30:00", "Europe/Berlin", "Sun 25 Oct 2026, 02:30 CET"),
        # A zone without an abbreviation.
        ("2026-11-27T13:30:00", "America/Sao_Paulo", "Fri 27 Nov 2026, 10:30 UTC-03"),
        ("2026-11-27T13:30:00", "Asia/Kathmandu", "Fri 27 Nov 2026, 19:15 UTC+05:45"),
    ],
)
def test_an_offset_stands_where_a_zone_has_no_name_and_no_hour_passes_for_another(
    utc: str, timezone: str, written: str
) -> None:
    assert when.local(at(utc), timezone) == written


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
@pytest.mark.parametrize("text", ["2026-11-27T13:30:00Z", "2026-11-27T15:30:00.5+02:00", "2026-11-27T13:30"])
def test_a_task_s_own_time_is_kept_in_utc_and_written_in_the_zone_asked_for(text: str) -> None:
    assert when.utc(text) == when.utc(when.utc(text)) == "2026-11-27T13:30:00Z"
    assert when.local_iso(text, "Europe/Berlin") == "Fri 27 Nov 2026, 14:30 CET"
    assert when.local_iso(text, "Europe/Berlin", weekday=False) == "27 Nov 2026, 14:30 CET"
    assert when.utc("0099-01-01T00:00:00Z") == "0099-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["yesterday", "", "0001-01-01T00:00:00+14:00", "2026-13-01"])
def test_what_is_no_time_is_quoted(text: str) -> None:
    for weekday in (True, False):
        assert when.local_iso(text, "America/New_York", weekday=weekday) == (f'"{text}"' if text else "")


@pytest.mark.parametrize(
    "value", ["", "T", "2026-11-27", "20261127", "2026-11-27T25:00", "9999-12-31T23:59:59-12:00", None, 5]
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert when.utc(value) == ""


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (7_529, "2 hours 5 minutes"),
        (7_530, "2 hours 6 minutes"),
        (86_399, "1 day"),
        (86_400 + 3 * 3_600, "1 day 3 hours"),
        (31_536_000, "365 days"),
    ],
)
def test_a_duration_has_at_most_two_units_and_no_seconds(seconds: int, written: str) -> None:
    assert when.duration(seconds) == written
