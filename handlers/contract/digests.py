"""SHA-256 digests of JSON: what an answer is bound to, and what was deployed, which the operator's tool compares."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_digest(value: Any) -> str:
    """Of canonical JSON, in hex."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def digest(text: str) -> str:
    """The same of JSON text. Raises ValueError if it is none."""
    return canonical_digest(json.loads(text))


def resource_policy_digest(text: str) -> str:
    """The same of what a policy says: AWS may give it back in another order, or spell a part otherwise."""
    return canonical_digest(_said(json.loads(text)))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        said = {name: _said(one) for name, one in value.items()}
        return "*" if said == {"AWS": "*"} else said
    if isinstance(value, list):
        found = sorted(map(_said, value), key=_canonical)
        return found[0] if len(found) == 1 else found
    return value
