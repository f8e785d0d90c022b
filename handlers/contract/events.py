"""The events about requests, for the function that puts them, its permissions and the guard against loops."""

from enum import StrEnum


class EventType(StrEnum):
    """The events' `detail-type`: what may happen to a request, in the order in which one write may do several."""

    REQUESTED = "Approval Requested"
    REMINDED = "Approval Reminded"
    VOTED = "Approval Voted"
    DECIDED = "Approval Decided"
    EXPIRED = "Approval Expired"
    CLOSED = "Approval Closed"


def source(label: str) -> str:
    """The events' `source`."""
    return f"signoff.{label}"
