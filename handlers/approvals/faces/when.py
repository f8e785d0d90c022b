"""Times for people, in the stack's time zone, and for programs."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from handlers.contract.visible import quoted

MINUTE = 60  # seconds
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", MINUTE))


def local(epoch_seconds: int, timezone: str) -> str:
    """For example "Fri 27 Nov 2026, 14:30 CET". In UTC, and saying so, if the runtime does not know the zone."""
    return _written(datetime.fromtimestamp(epoch_seconds, _zone(timezone)))


def local_iso(text: str, timezone: str, *, weekday: bool = True) -> str:
    """The same for an ISO 8601 text; one without an offset is taken as UTC, and anything else is quoted."""
    try:
        written = _written(_moment(text).astimezone(_zone(timezone)))
    except (ValueError, OverflowError):
        return quoted(text)
    return written if weekday else written.partition(" ")[2]


def utc(value: Any) -> str:
    """For example "2026-11-25T09:00:00Z", from an ISO 8601 text with date and time; "" for anything else."""
    if not isinstance(value, str) or "T" not in value:
        return ""
    try:
        return _moment(value.strip()).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return ""


def iso(epoch_seconds: int) -> str:
    """For programs: "2026-11-25T09:00:00Z"."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: int) -> str:
    """For example "2 hours 5 minutes": the largest unit and the one below it, rounded to the latter."""
    if seconds < MINUTE:
        return "less than a minute"
    finest = next((UNITS[index + 1][1] for index, (_, size) in enumerate(UNITS[:-1]) if seconds >= size), MINUTE)
    left = (seconds + finest // 2) // finest * finest
    parts = []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - who only reads a time needs no zone, and most cold starts are theirs

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed, a folder of the zone data
        return UTC


def _written(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M} {_abbreviation(moment)}"


def _abbreviation(moment: datetime) -> str:
    """Zones without an abbreviation show "+03" or "+0545" instead."""
    name = moment.tzname() or ""
    if name[:1] not in {"+", "-"}:
        return name
    return f"UTC{name[:3]}:{name[3:]}" if name[3:] else f"UTC{name}"
