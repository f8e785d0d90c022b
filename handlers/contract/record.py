"""The record's public shape, for the table, the state machine, resource policies and people."""

from enum import StrEnum


class Status(StrEnum):
    """OPEN is the only status that takes votes; the others are final."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"  # set by the state machine when the last round is over
    CLOSED = "CLOSED"  # the execution ended some other way, so an answer has no effect


class Attribute(StrEnum):
    """The item's attributes that are used outside the store."""

    REQUEST_ID = "requestId"  # the table's key
    EXECUTION_ARN = "executionArn"  # the index's key
    STATUS = "status"
    TASK_TOKEN = "taskToken"  # noqa: S105 - a name
    ASKED = "asked"  # true as soon as anybody has been mailed
    VERSION = "version"  # counts the writes
    VOTES = "votes"  # only the page may write it
    EXPIRES_AT = "expiresAt"  # the TTL attribute


EXECUTION_INDEX = "by-execution"
