"""Approval links: their secrets are generated here, stored only as digests, and compared in constant time."""

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
# A secret is 52 characters of base32. Its length marks the end; only characters other than letters and digits may
# follow.
PATH = re.compile(
    f"/+(?i:approvals)/+(?P<request_id>{REQUEST_ID.pattern})/+(?P<secret>[A-Za-z2-7]{{52}})"
    r"(?P<at_once>/+(?i:approve))?(?:[^\w\0]|_)*"
)


@dataclass(frozen=True, kw_only=True)
class Path:
    """A path that looks like an approval link's. `at_once` marks the one-click link, which approves when opened."""

    request_id: str
    secret: str = field(repr=False)
    at_once: bool


def new_secret() -> str:
    """Lower-case letters and digits: some gateways fold a link's case, mail programs drop trailing punctuation."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=").lower()


def digest(secret: str) -> str:
    """A plain hash is enough for 256 random bits: they cannot be guessed, so a slow hash gains nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def url(base: str, request_id: str, secret: str) -> str:
    """`base` is the API's address from the deployment, never from a request header."""
    return f"{base.rstrip('/')}/approvals/{request_id}/{secret}"


def parse(path: str) -> Path | None:
    """The link in a request's path, tolerating what mail programs do to links; None if it cannot be one of ours.

    Ignores white space from line breaks, doubled slashes, trailing slashes or punctuation, and the secret's case. The
    id's case is kept. An HTTP API has already decoded the path; decoding it again is harmless, as no link contains a
    percent sign.
    """
    found = PATH.fullmatch("".join(unescape(unquote(path)).split()))
    if not found:
        return None
    return Path(request_id=found["request_id"], secret=found["secret"].lower(), at_once=found["at_once"] is not None)


def holder(record: Record, secret: str) -> str | None:
    """Whose link this is, or None. Always compares every stored digest, so that timing reveals nothing."""
    presented = digest(secret)
    found = None
    for who, approver in record.approvers.items():
        for known in approver.links:
            if hmac.compare_digest(known, presented):
                found = who
    return found
