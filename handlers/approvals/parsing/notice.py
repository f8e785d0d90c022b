"""What SES says of a mail that did not arrive, as EventBridge brings it."""

from collections.abc import Iterator, Mapping
from typing import Any

from handlers.approvals.rules.delivery import Notice, Trouble
from handlers.contract.question import REQUEST_ID
from handlers.contract.told import told
from handlers.contract.visible import one_line

REASON_LIMIT = 1_000  # characters
ERROR_LIMIT = 200  # of what is quoted of an event

# Of SES's own words, those that say why. https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
ABOUT = {
    Trouble.BOUNCE: ("bounce", ("bounceType", "bounceSubType"), "bouncedRecipients"),
    Trouble.COMPLAINT: ("complaint", ("complaintFeedbackType", "complaintSubType"), ""),
    Trouble.REJECT: ("reject", ("reason",), ""),
    Trouble.RENDERING_FAILURE: ("failure", ("errorMessage",), ""),
    Trouble.DELAY: ("deliveryDelay", ("delayType",), "delayedRecipients"),
}
OF_A_RECIPIENT = ("status", "diagnosticCode")
SUPPRESSED = "OnAccountSuppressionList"


class MalformedNoticeError(ValueError):
    """An event that cannot be read; the message says where."""


def read_notice(event: Mapping[str, Any]) -> Notice:
    """Raises MalformedNoticeError. Of the words, anything that is no text is left out."""
    try:
        detail = event["detail"]
        tags = detail["mail"]["tags"]
        (request_id,), (person,) = tags["request"], tags["person"]
        kind = Trouble(detail["eventType"])
        name, words, recipients = ABOUT[kind]
        said = detail[name]
        reason = ", ".join([*_texts(said, words), *_texts_of_first(said, recipients)])
        lost = kind is Trouble.BOUNCE and said.get("bounceType") == "Permanent"
        permanent = lost or SUPPRESSED in (said.get("bounceSubType"), said.get("complaintSubType"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedNoticeError(told(error, ERROR_LIMIT)) from error
    if not (isinstance(request_id, str) and REQUEST_ID.fullmatch(request_id) and isinstance(person, str)):
        raise MalformedNoticeError("the tags must be a request's id and a person's digest")
    # A mail server may have written anything.
    reason = one_line(reason, REASON_LIMIT)
    return Notice(request_id=request_id, person=person, kind=kind, reason=reason, permanent=permanent)


def _texts(said: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    return (said[name] for name in names if isinstance(said.get(name), str) and said[name])


def _texts_of_first(said: Mapping[str, Any], recipients: str) -> Iterator[str]:
    """A mail has one recipient; whose it is, its tag says."""
    first = [one for one in said.get(recipients) or () if isinstance(one, dict)][:1]
    return (text for one in first for text in _texts(one, OF_A_RECIPIENT))
