"""Maps as DynamoDB gives them back: in an order of its own."""

from __future__ import annotations

from typing import Any
from zlib import crc32

# Of the checksum; with this one, the names in these tests change places.
START = 5


def shuffled(value: Any) -> Any:
    """The value with the entries of each map, at any depth, in the order of a checksum. Lists keep theirs.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in sorted(value, key=lambda name: crc32(name.encode(), START))}
    return [shuffled(one) for one in value] if isinstance(value, list) else value
