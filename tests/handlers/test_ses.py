"""Mail by Amazon SES: all that each request to it says, to whom, and what its refusals become."""

from __future__ import annotations

from dataclasses import replace
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any, cast

import pytest

from handlers.approvals.adapters.channel import Letterhead, Pace
from handlers.approvals.adapters.ses import Mailer
from handlers.approvals.rules.announcing import to_be_told
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ports import MailRefusedError, UnavailableError
from handlers.contract.record import Status
from tests.support.aws import silent, stubbed
from tests.support.mails import API, SECRET, SENDER, Send, asks, mailer, sent, tells
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    CARLA,
    LINKS,
    OF_EACH_TYPE,
    REQUEST_ID,
    approved,
    asking,
    giving,
    record,
)
from tests.support.services import FakeClock, FakeSes

THREAD = f"<{REQUEST_ID}.approval@example.com>"
HEADERS = [
    {"Name": "References", "Value": THREAD},
    {"Name": "In-Reply-To", "Value": THREAD},
    {"Name": "Auto-Submitted", "Value": "auto-generated"},
]
SENDS: dict[str, Send] = {
    **{kind.value: asks(record(), kind, ANNA) for kind in Kind},
    "left out": lambda mail: mail.leave_out(record(), ANNA),
    "decision": tells(approved(), ANNA),
}


def test_a_mail_is_one_request_with_all_that_ses_is_told():
    mail = sent(SENDS["request"])
    body = mail["Content"]["Simple"].pop("Body")
    assert mail == {
        "FromEmailAddress": "=?utf-8?q?Freigaben_K=C3=B6ln?= <approvals@example.com>",
        "Destination": {"ToAddresses": [ANNA]},
        "ReplyToAddresses": ["release@example.com"],
        "Content": {
            "Simple": {
                "Subject": {"Data": "[prod.eu] Approval needed: Deploy 1.4 to production", "Charset": "UTF-8"},
                "Headers": HEADERS,
            }
        },
        "EmailTags": [
            {"Name": "request", "Value": REQUEST_ID},
            # printf anna@example.com | sha256sum | cut -c -32
            {"Name": "person", "Value": "f7d54c22dda5b1780276601cd005909b"},
            {"Name": "label", "Value": "prod_eu"},
        ],
        "ConfigurationSetName": "prod-c0ffee",
    }
    assert body.keys() == {"Text", "Html"}
    for alternative in body.values():
        assert alternative["Charset"] == "UTF-8"
        assert f"{API}/approvals/{REQUEST_ID}/{SECRET}" in alternative["Data"]
    client, answers = stubbed("sesv2")
    answers.add_response("send_email", {"MessageId": "1"})
    SENDS["request"](mailer(client))  # botocore takes it


LONG = "Freigabe der \u00dcberpr\u00fcfung f\u00fcr \u6771\u4eac " * 6


def test_all_mails_of_a_request_are_one_thread_and_ask_under_one_subject():
    mails = {name: sent(send)["Content"]["Simple"] for name, send in SENDS.items()}
    title = "Deploy 1.4 to production"
    assert {name: mail["Subject"]["Data"] for name, mail in mails.items()} == {
        **{kind.value: f"[prod.eu] Approval needed: {title}" for kind in Kind},
        "left out": f"[prod.eu] You are not asked: {title}",
        "decision": f"[prod.eu] Approved: {title}",
    }
    assert all(mail["Headers"] == HEADERS for mail in mails.values())
    long = sent(asks(record(title=LONG, request_id="another")))["Content"]["Simple"]
    assert long["Subject"]["Data"] == f"[prod.eu] Approval needed: {LONG.strip()}"
    assert long["Headers"][0]["Value"] == "<another.approval@example.com>"


def test_mails_keep_their_pace():
    clock, client = FakeClock(), FakeSes()
    mail = Mailer(cast("Any", client), SENDER, Letterhead(environment="prod", timezone="UTC"), Pace(0.02, clock))
    for send in SENDS.values():
        send(mail)
    assert clock.now() - ASKED_AT == pytest.approx(0.02 * (len(SENDS) - 1), rel=0.01)


# --- what SES answers


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("MessageRejected", 400, "Email address is not verified. The following identities failed: anna@example.com"),
        ("AccountSuspendedException", 400, "Your account's ability to send email is permanently restricted."),
        ("NotFoundException", 404, "Configuration set <prod-c0ffee> does not exist."),
        # The day's quota: one code in the model of the API, others in its guide and where it was met.
        ("LimitExceededException", 400, "Daily message quota exceeded."),
        ("ThrottlingException", 400, "Daily message quota exceeded."),
        ("TooManyRequestsException", 429, "Daily sending quota exceeded."),
    ],
)
def test_a_refusal_is_told_in_the_words_of_ses(code, status, words):
    client, answers = stubbed("sesv2")
    answers.add_client_error("send_email", code, words, http_status_code=status)
    with pytest.raises(MailRefusedError) as refused:
        SENDS["request"](mailer(client))
    assert words in str(refused.value)
    assert refused.value.kind == code


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequestsException", 429),
        ("ThrottlingException", 400),
        ("Throttling", 400),
        ("InternalFailure", 500),
    ],
)
def test_what_passes_is_no_refusal(code, status):
    client, answers = stubbed("sesv2")
    answers.add_client_error("send_email", code, "Maximum sending rate exceeded.", http_status_code=status)
    with pytest.raises(UnavailableError) as failed:
        SENDS["request"](mailer(client))
    assert not isinstance(failed.value, MailRefusedError)
    with pytest.raises(UnavailableError) as failed:
        SENDS["request"](mailer(silent("sesv2")))
    assert failed.value.kind == "ConnectTimeoutError"


# --- who writes the headers


@pytest.mark.parametrize(
    "name", ["", 'Ben "Bcc" <mallory@example.com>, x', "\\", "a" * 60, ("\u6771\u4eac " * 9).strip()]
)
def test_a_sender_s_name_stays_one(name):
    mail = sent(SENDS["request"], sender=replace(SENDER, name=name, reply_to=""))
    assert mail["ReplyToAddresses"] == []
    mailbox = mail["FromEmailAddress"]
    assert all(len(word) <= 75 for word in mailbox.split() if word.startswith("=?"))  # RFC 2047
    written, address = parseaddr(mailbox)
    assert (str(make_header(decode_header(written))), address) == (name, SENDER.address)


# --- the requester, whom anybody may have named


@pytest.mark.parametrize(
    ("requested_by", "mailed"),
    [
        ("dana@example.com", ["dana@example.com"]),
        (" Dana@Example.COM ", ["dana@example.com"]),
        ("dana@subsidiary.example", ["dana@subsidiary.example"]),
        ("dana@sub.example.com", []),
        ("dana@notexample.com", []),
        ("dana@elsewhere.example@example.com", []),
        ("dana@example.com, mallory@example.com", []),
        ("Dana <dana@example.com>", []),
        ("Bcc: mallory@elsewhere.example\ndana@example.com", []),
        ("d\u00e1na@example.com", []),
        (".dana@example.com", []),
        (f"{'d' * 65}@example.com", []),
        ("@example.com", []),
    ],
)
def test_a_requester_is_mailed_only_if_their_whole_name_is_an_address_of_ours(requested_by, mailed):
    ses = FakeSes()
    after = replace(approved(), requested_by=requested_by, handed_over=True)
    for who in to_be_told(after):
        if who not in after.approvers:
            mailer(ses).announce(after, who)
    assert ses.mailed == mailed


def test_a_requester_hears_how_it_ended_and_nothing_that_others_wrote():
    sample = asking(*OF_EACH_TYPE, links=LINKS, details="Only for approvers.", requested_by="dana@example.com")
    given = giving(sample, ANNA, comment="A comment.", notes="A value.", region="us-1")
    both = giving(given, BEN, ASKED_AT + 700, comment="A comment.", notes="A value.", region="us-1")
    after = decide(both, Status.APPROVED, ASKED_AT + 700)
    told, of_others = FakeSes(), FakeSes()
    mailer(told).announce(after, "dana@example.com")
    mailer(of_others).announce(after, CARLA)
    for ses, there in ((told, False), (of_others, True)):
        for alternative in ses.mails[0]["Content"]["Simple"]["Body"].values():
            text = alternative["Data"]
            assert "anna@example.com approved" in text
            assert "Deploy 1.4 to production" in text
            assert ("A comment." in text) is there
            assert ("A value." in text) is there
            assert ("Which region first?" in text.replace("&quot;", "")) is there
            assert not any(never in text for never in ("Only for approvers", API, SECRET, LINKS[0]["url"]))
