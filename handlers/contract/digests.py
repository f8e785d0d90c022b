"""What was deployed, in short. Without Pulumi: the operator's tool compares it with what is there."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(text: str) -> str:
    """SHA-256 of canonical JSON, in hex. Raises ValueError if the text is no JSON."""
    return hashlib.sha256(_canonical(json.loads(text)).encode()).hexdigest()


def resource_policy_digest(text: str) -> str:
    """The same of what a policy says: AWS may give it back in another order, or spell a part otherwise."""
    return digest(_canonical(_said(json.loads(text))))


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
