"""The secret part of an approval link: made here, kept only as a digest, recognised in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handlers.approvals.record import Record

SECRET_BYTES = 32  # 256 bits: 43 URL-safe characters


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """Of 256 random bits a plain hash is enough: there is nothing to guess, so nothing to slow down."""
    return hashlib.sha256(secret.encode()).hexdigest()


def url(base: str, request_id: str, secret: str) -> str:
    """`base` is the API's own address from the deployment, never a header of some request."""
    return f"{base.rstrip('/')}/approvals/{request_id}/{secret}"


def holder(record: Record, secret: str) -> str | None:
    """Whose link this is, or None. Every stored digest is compared, whichever matches, so that time tells nothing."""
    presented = digest(secret)
    found = None
    for who, approver in record.approvers.items():
        for known in approver.links:
            if hmac.compare_digest(known, presented):
                found = who
    return found
