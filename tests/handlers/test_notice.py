"""What is read of SES's events about mails that did not arrive."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.approvals.parsing.notice import REASON_LIMIT, MalformedNoticeError, read_notice
from handlers.approvals.rules.delivery import Notice, Trouble, person_tag
from tests.support.events import undelivered
from tests.support.records import ANNA, REQUEST_ID

ACCOUNT = "OnAccountSuppressionList"
BARE: dict[str, Any] = {"bouncedRecipients": []}


@pytest.mark.parametrize(
    ("kind", "said", "reason", "permanent"),
    [
        ("Bounce", {}, "Permanent, General, 5.1.1, smtp; 550 5.1.1 user unknown", True),
        ("Bounce", {"bounceType": "Transient", "bounceSubType": "MailboxFull"} | BARE, "Transient, MailboxFull", False),
        ("Bounce", {"bounceType": "Transient", "bounceSubType": ACCOUNT} | BARE, f"Transient, {ACCOUNT}", True),
        ("Complaint", {}, "abuse", False),
        ("Complaint", {"complaintSubType": ACCOUNT, "complaintFeedbackType": None}, ACCOUNT, True),
        ("Reject", {}, "Bad content", False),
        ("Rendering Failure", {}, "Attribute 'name' is not present in the rendering data.", False),
        ("DeliveryDelay", {}, "MailboxFull, 4.2.2, smtp; 452 4.2.2 mailbox full", False),
    ],
)
def test_each_of_sess_events_says_whose_mail_did_not_arrive_why_and_whether_any_will(kind, said, reason, permanent):
    assert read_notice(undelivered(kind, **said)) == Notice(
        request_id=REQUEST_ID, person=person_tag(ANNA), kind=Trouble(kind), reason=reason, permanent=permanent
    )


@pytest.mark.parametrize(
    ("diagnostic", "reason"),
    [
        ("550-5.1.1 no such user\n550 5.1.1\x00 try \u202eagain \ud800", "550-5.1.1 no such user 550 5.1.1 try again"),
        ("x" * 2 * REASON_LIMIT, "x" * (REASON_LIMIT - 3) + "..."),
        (5, ""),
        (None, ""),
    ],
)
def test_a_reason_is_one_line_that_any_service_takes(diagnostic, reason):
    event = undelivered("Reject", reason=diagnostic)
    assert read_notice(event).reason == reason


DETAIL = undelivered()["detail"]
TAGS = DETAIL["mail"]["tags"]


def tagged(**tags: Any) -> dict[str, Any]:
    return {"detail": DETAIL | {"mail": {"tags": TAGS | tags}}}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"detail": DETAIL | {"eventType": "x" * 100_000}},
        {"detail": DETAIL | {"eventType": "Complaint"}},
        tagged(request=[]),
        tagged(request=["a", "b"]),
        tagged(request=[5]),
        tagged(request=["../x"]),
        tagged(person=[None]),
    ],
)
def test_what_is_no_such_event_is_malformed_and_its_content_is_not_quoted_at_length(event):
    with pytest.raises(MalformedNoticeError) as raised:
        read_notice(event)
    assert len(str(raised.value)) < 300
