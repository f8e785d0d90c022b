"""A page taken apart: what is markup in it, and what is text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

Markup = frozenset[tuple[str, str, str]]
# Attributes whose values are ours, but not the same on every page.
FREE = {("time", "datetime"), ("input", "value")}
DIGEST = re.compile(r"\A[0-9a-f]{64}\Z")


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str, str]] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, "", ""))
        self.found |= {(tag, name, "" if (tag, name) in FREE else DIGEST.sub("", value or "")) for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.found.add(("!--", data, ""))

    def unknown_decl(self, data: str) -> None:
        self.found.add(("![", data, ""))

    def handle_pi(self, data: str) -> None:
        self.found.add(("?", data, ""))


def taken_apart(page: str) -> tuple[Markup, str]:
    """Every element and attribute of the page, and its text."""
    parts = _Parts()
    parts.feed(page)
    parts.close()
    return frozenset(parts.found), "".join(parts.texts)
