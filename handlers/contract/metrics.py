"""The metrics that functions publish, for alarms and the dashboard as well."""

from enum import StrEnum

NAMESPACE = "signoff"  # a dimension, the label, tells one stack from another


class Metric(StrEnum):
    """Counts, but for the last, which is in seconds from the asking to the vote that decided."""

    REQUESTED = "Requested"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    MAILS = "Mails"
    NOT_DELIVERED = "NotDelivered"
    ANSWERED_WITHOUT_VOTE = "AnsweredWithoutVote"
    DECISION_SECONDS = "DecisionSeconds"
