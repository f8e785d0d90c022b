"""Approval links: their secrets are made here, kept only as digests, and recognised in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import unquote

from handlers.approvals.rules.record import Record
from handlers.contract.question import REQUEST_ID

SECRET_BYTES = 32  # 256 bits
# A secret is 52 characters of base32, or 43 of base64 in links that were mailed before: those are case-sensitive, and
# some end in a hyphen or an underscore. The length says where it ends; what may follow has no letter and no digit.
PATH = re.compile(
    f"/+(?i:approvals)/+(?P<request_id>{REQUEST_ID.pattern})/+(?P<secret>[A-Za-z2-7]{{52}}|[A-Za-z0-9_-]{{43}})"
    r"(?P<at_once>/+(?i:approve))?(?:[^\w\0]|_)*"
)


@dataclass(frozen=True, kw_only=True)
class Path:
    """A path that looks like a link's. `at_once` is that of the link which approves by being opened."""

    request_id: str
    secret: str = field(repr=False)
    at_once: bool


def new_secret() -> str:
    """Letters of one case, and digits: some gateways fold a link, and mail programs drop punctuation at its end."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=").lower()


def digest(secret: str) -> str:
    """Of 256 random bits a plain hash is enough: there is nothing to guess, so nothing to slow down."""
    return hashlib.sha256(secret.encode()).hexdigest()


def url(base: str, request_id: str, secret: str) -> str:
    """`base` is the API's own address from the deployment, never a header of some request."""
    return f"{base.rstrip('/')}/approvals/{request_id}/{secret}"


def parse(path: str) -> Path | None:
    """The link in a request's path, whatever the mail program did to it; None if this cannot be one of ours.

    White space where the link was broken into lines, doubled slashes, and slashes or punctuation at the end are
    ignored. The case is kept. An HTTP API decodes the path before it hands it over; decoding it again does no harm, as
    no link has a percent sign.
    """
    found = PATH.fullmatch("".join(unescape(unquote(path)).split()))
    if not found:
        return None
    return Path(request_id=found["request_id"], secret=found["secret"], at_once=found["at_once"] is not None)


def spellings(text: str) -> tuple[str, str]:
    """As given, and folded: what is mailed now is in lower case; what was mailed before may not be."""
    return text, text.lower()


def holder(record: Record, secret: str) -> str | None:
    """Whose link this is, or None. Every stored digest is compared, whichever matches, so that time tells nothing."""
    presented = [digest(spelling) for spelling in spellings(secret)]
    found = None
    for who, approver in record.approvers.items():
        for known in approver.links:
            for one in presented:
                if hmac.compare_digest(known, one):
                    found = who
    return found
