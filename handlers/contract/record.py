"""What the record looks like to those who do not own it: the table, the state machine, resource policies, people."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """OPEN is the only status that takes votes; the others are final."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"  # set by the state machine when the last round is over
    CLOSED = "CLOSED"  # the execution ended in another way, so an answer has no effect


class Attribute(StrEnum):
    """The attributes of the item that are named outside of its store."""

    REQUEST_ID = "requestId"  # the table's key
    EXECUTION_ARN = "executionArn"  # the index's key
    STATUS = "status"
    TASK_TOKEN = "taskToken"  # noqa: S105 - a name
    ASKED = "asked"  # true as soon as anybody has been mailed
    VERSION = "version"  # counts the writes
    VOTES = "votes"  # which the page alone may write
    EXPIRES_AT = "expiresAt"  # what TTL goes by


EXECUTION_INDEX = "by-execution"
