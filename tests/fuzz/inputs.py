"""Bad input: text, JSON and bytes that have broken programs before."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

NASTY = [
    "",
    "\0",
    "a\0b",
    "\ud800",
    "\udc00 \ud800",
    "\r\nBcc: mallory@example.com\r\n\r\nClick here",
    "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "\u202egnissorp\u202c",
    "\u2066isolated\u2069 \u200f\u200e\u061c",
    "\u200b\u200c\u200d\ufeff\u2060",
    "Z\u0335\u0321" * 60,
    "<script>alert(1)</script>",
    "</textarea></title></style></bdi><img src=x onerror=alert(1)>",
    '" onfocus="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "&lt;b&gt; &#60;i&#62; &amp",
    "<!-- --><![CDATA[x]]><?php ?>",
    "{{ 7 * 7 }} {% raw %} ${7*7} %s %(x)s {0}",
    "{% $states.context.Task.Token %}",
    "javascript:alert(1)",
    "=cmd|'/c calc'!A1",
    "https://evil.example.com/" + "a" * 900,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "𝕬𝖕𝖕𝖗𝖔𝖛𝖊 ﬁ ½ Ⅷ",
    "x" * 199,
    "x" * 200,
    "x" * 201,
    "\t" * 9_999,
    "\n" * 10_000,
    "a\r\n" * 3_333,
    "W " * 5_000,
    "漢" * 10_000,
    "&" * 10_000,
    "🙂" * 10_001,
    "x" * (256 * 1024),
    "null",
    "NaN",
    "-0",
    "not an address",
    "a@b@c, d@e <f@g>",
]


def deep(levels: int, leaf: Any = 0) -> dict[str, Any]:
    nested: Any = leaf
    for _ in range(levels):
        nested = {"a": nested}
    return nested


# Any code point, lone surrogates and unassigned ones included.
anything = st.text(st.characters(exclude_categories=()), max_size=300)
texts = st.sampled_from(NASTY) | anything
numbers = st.integers() | st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 10**400, -1, 0, 2**63, 1e308])
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
) | st.sampled_from([deep(100), [[]] * 20_000])
# What Python can hold, but not write as JSON without going deeper than it likes.
deepest = st.sampled_from([deep(900), deep(20_000), deep(300, [1] * 3_000)])
