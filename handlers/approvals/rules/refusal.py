"""A rule refuses by returning a Refusal instead of the next record."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a rule left the record as it was."""

    # Of a vote
    DECIDED = "decided"
    VOTED = "voted"
    EXPIRED = "expired"
    CLOSED = "closed"
    CHANGED = "changed"  # the question changed after the page was shown
    NO_ROOM = "no room"  # for a comment of this size
    INVALID = "invalid"  # the values are not those that the question asks for
    # Of a round
    STALE = "stale"  # the round is over, or the request has ended: nothing is left to ask
    GIVEN_UP = "given up"  # the request was closed, so the execution must not keep waiting for it
    BUSY = "busy"  # another worker is sending this round's mails
    TOO_FEW = "too few"  # without the requester, the people left cannot reach the quorum
    DUPLICATE = "duplicate"  # the record is that of an earlier run of the same start
    OUT_OF_REACH = "out of reach"  # no mail reaches as many people as the policy needs
    FOREIGN = "foreign"  # the message disagrees with its run's record about the rounds
    # Of an operator's order
    NOT_DONE = "not done"  # for the reason that the words give
    # Of anything
    GONE = "gone"  # the record has been deleted


class Refusal(NamedTuple):
    """`words` explain the reason; `retry_seconds` says when to try again, 0 if retrying is pointless.

    `errors` say what is wrong with each value, by the field's name.
    """

    reason: Reason
    words: str = ""
    retry_seconds: int = 0
    errors: Mapping[str, str] = {}
