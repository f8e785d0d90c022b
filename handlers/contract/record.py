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
    STATUS = "status"  # with the next one, the other index's key
    REQUESTED_AT = "requestedAt"
    TASK_TOKEN = "taskToken"  # noqa: S105 - a name
    ASKED = "asked"  # true as soon as anybody has been mailed
    VERSION = "version"  # counts the writes
    VOTES = "votes"  # only the page may write it
    EXPIRES_AT = "expiresAt"  # the TTL attribute


EXECUTION_INDEX = "by-execution"
STATUS_INDEX = "by-status"

MOST_REMINDERS = 5  # of one person by hand: each brings a link, and a record has to hold them all

# All of an item but what lets its holder answer for people.
READABLE = (
    "requestId", "title", "details", "requestedBy", "requestedAt", "scheduledFor", "fields", "links",
    "executionArn", "deadline", "expiresAt", "round", "rounds", "policy", "approvers", "votes", "status", "decidedAt",
    "decidedBy", "handedOver", "lease", "ended", "remindedBy", "toldOthers", "refused", "toldLeftOut",
    "answeredWithoutVote", "answerMismatched", "operatorTold", "version", "schemaVersion",
)  # fmt: skip
