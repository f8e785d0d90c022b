"""Mail via Amazon SES, from an address of one's own: text and HTML, and one thread for each request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handlers.approvals.adapters.aws import calls
from handlers.approvals.adapters.channel import Channel, Letterhead, Pace
from handlers.approvals.faces import mail
from handlers.approvals.faces.letter import Part, as_html, as_text
from handlers.approvals.rules.delivery import person_tag
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ports import MailRefusedError
from handlers.contract.mailbox import mailbox

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_sesv2 import SESV2Client

# These pass, but for the day's quota: whatever else SES says of a mail is for an operator to mend.
# https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
PASSING = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling"})
QUOTA = "quota"
SERVER_ERROR = 500
# Of a requester's address: SES would refuse another one, each time that it is tried.
LOCAL_PART = re.compile(r"(?=.{1,64}\Z)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends: a verified address, its name or "", where replies go or "", and the configuration set.

    `own_domains` are those of everybody in the config, in lower case.
    """

    address: str
    name: str
    reply_to: str
    configuration_set: str
    own_domains: frozenset[str]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


class Mailer(Channel):
    # One subject, or mail programs would show each reminder as a thread of its own.
    headlines = dict.fromkeys(Kind, mail.HEADLINES[Kind.REQUEST])

    def __init__(self, client: SESV2Client, sender: Sender, letterhead: Letterhead, pace: Pace) -> None:
        super().__init__(letterhead, pace)
        self._client = client
        self._sender = sender

    def announce(self, record: Record, who: str) -> bool:
        """Whom the policy does not name is the requester, whose name anybody may have written."""
        named = who in record.policy.everybody
        return (named or self._is_ours(record, who)) and self._tell(record, who, comments=named)

    def _is_ours(self, record: Record, who: str) -> bool:
        """Whether the requester's whole name is an address at a domain of ours: no event has us mail a stranger."""
        domains = {*self._sender.own_domains, self._sender.domain.casefold()}
        local, _, domain = who.rpartition("@")
        whole = record.requested_by.strip().casefold() == who
        return whole and domain in domains and LOCAL_PART.fullmatch(local) is not None

    def _send(self, record: Record, who: str, headline: str, parts: Iterable[Part]) -> None:
        sender, written = self._sender, list(parts)
        subject = mail.whole_subject(record, headline, self._letterhead.environment, self._letterhead.timezone)
        # SES makes the Message-ID itself, so no mail can name another one's: all name one that no mail has.
        thread = f"<{record.request_id}.approval@{sender.domain}>"
        headers = {"References": thread, "In-Reply-To": thread, "Auto-Submitted": "auto-generated"}
        self._pace.wait()
        with calls():
            try:
                self._client.send_email(
                    FromEmailAddress=mailbox(sender.name, sender.address),
                    Destination={"ToAddresses": [who]},
                    ReplyToAddresses=[sender.reply_to] if sender.reply_to else [],
                    Content={
                        "Simple": {
                            "Subject": _utf8(subject),
                            "Body": {"Text": _utf8(as_text(written)), "Html": _utf8(as_html(subject, written))},
                            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
                        }
                    },
                    EmailTags=[{"Name": name, "Value": value} for name, value in self._tags(record, who).items()],
                    ConfigurationSetName=sender.configuration_set,
                )
            except ClientError as error:
                if _passes(error):
                    raise
                raise MailRefusedError(error.response["Error"]["Code"], str(error)) from error

    def _tags(self, record: Record, who: str) -> dict[str, str]:
        """What an event about this mail brings back. A value takes no dots.

        https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html
        """
        label = self._letterhead.environment.replace(".", "_")
        return {"request": record.request_id, "person": person_tag(who), "label": label}


def _utf8(text: str) -> Any:
    return {"Data": text, "Charset": "UTF-8"}


def _passes(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    throttled = error.response["Error"]["Code"] in PASSING and QUOTA not in str(error).casefold()
    return throttled or status >= SERVER_ERROR
