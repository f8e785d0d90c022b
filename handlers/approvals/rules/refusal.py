"""How a rule says no: by returning a Refusal in place of the next record."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a rule left the record as it was."""

    # Of a vote
    DECIDED = "decided"
    VOTED = "voted"
    EXPIRED = "expired"
    CLOSED = "closed"
    CHANGED = "changed"  # since the page was shown: the answer is to another question
    NO_ROOM = "no room"  # for a comment of this size
    # Of a round
    STALE = "stale"  # the round is over, or the request has ended: nothing is left to ask
    GIVEN_UP = "given up"  # the request was closed, so whoever waits for an answer to it must not wait on
    BUSY = "busy"  # another worker is sending this round's mails
    TOO_FEW = "too few"  # without the requester, the people left cannot reach the quorum
    FOREIGN = "foreign"  # a message of another run than the record's, or with other numbers than its run has
    # Of anything
    GONE = "gone"  # the record has been deleted


class Refusal(NamedTuple):
    """`words` are for whoever has to know more; `retry_seconds` says when to try again, 0 if that is of no use."""

    reason: Reason
    words: str = ""
    retry_seconds: int = 0
