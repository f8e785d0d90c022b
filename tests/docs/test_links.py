"""Links of the docs: a relative one leads to a file of this project, its anchor to a heading of that file."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sandbox.environments import PROJECT

PAGES = [
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", ".github/**/*.md")
    for path in sorted(PROJECT.glob(pattern))
]
PARSER = MarkdownIt("commonmark").enable("table")


def tokens(page: Path) -> list[Token]:
    return [one for token in PARSER.parse(page.read_text()) for one in (token, *(token.children or ()))]


def links(page: Path) -> Iterator[str]:
    for token in tokens(page):
        yield from (str(found) for name in ("href", "src") if (found := token.attrGet(name)))
        if token.type.startswith("html_"):
            yield from map(html.unescape, re.findall(r"""\b(?:href|src|srcset)=["']([^"']+)""", token.content))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Those that GitHub gives the headings, and those that the page itself has as HTML."""
    found: Counter[str] = Counter()
    named = set()
    parsed = PARSER.parse(page.read_text())
    for token, following in pairwise(parsed):
        if token.type == "heading_open":
            text = "".join(part.content for part in following.children or () if part.type in {"text", "code_inline"})
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            named.add(f"{slug}-{found[slug]}" if found[slug] else slug)
            found[slug] += 1
    return frozenset(named | set(re.findall(r"""<[^>]+\b(?:id|name)=["']([^"']+)""", page.read_text())))


def broken(page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False  # no network in a test
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.exists() or not target.is_relative_to(PROJECT):
        return True
    return bool(parts.fragment) and target.suffix == ".md" and unquote(parts.fragment) not in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_every_relative_link_leads_somewhere(page):
    assert [link for link in links(page) if broken(page, link)] == []


def test_a_link_is_found_broken_by_file_by_anchor_and_outside_the_project():
    page = PROJECT / "docs/development.md"
    for link in ("nowhere.md", "#nowhere", "security.md#nowhere", "../../elsewhere.md", "/etc/hosts"):
        assert broken(page, link), link
    for link in ("security.md", "#set-up", "security.md#what-a-link-is", "../infra", "https://example.com/nowhere"):
        assert not broken(page, link), link


def test_headings_that_are_alike_get_numbers_and_code_keeps_its_words(tmp_path):
    page = tmp_path / "page.md"
    page.write_text('# A `code()`, and more\n## Twice\n## Twice\n<a id="own"></a>\n')
    assert anchors(page) == {"a-code-and-more", "twice", "twice-1", "own"}


def test_links_are_found_in_text_tables_pictures_and_html(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        '[a](1) ![b](2)\n\n| c |\n|---|\n| [d](3) |\n\n<img src="4">\n\n`[not](5)`\n\nat <a href="6">x</a>\n'
    )
    assert list(links(page)) == ["1", "2", "3", "4", "6"]
