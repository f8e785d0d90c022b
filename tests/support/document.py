"""A page as a tree of elements, to be asked for what is on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

VOID = frozenset({"meta", "link", "input", "br", "path", "circle"})


@dataclass
class Element:
    """A node of a parsed page."""

    tag: str
    attributes: dict[str, str]
    children: list[Self | str] = field(default_factory=list)

    @property
    def raw(self) -> str:
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)

    @property
    def text(self) -> str:
        return " ".join(self.raw.split())

    def all(self, *tags: str, **attributes: str) -> list[Element]:
        """The elements in this one with such a tag (any, if none is named) and such attributes."""
        found: list[Element] = []
        for child in self.children:
            if isinstance(child, str):
                continue
            if (not tags or child.tag in tags) and attributes.items() <= child.attributes.items():
                found.append(child)
            found += child.all(*tags, **attributes)
        return found

    def one(self, *tags: str, **attributes: str) -> Element:
        (found,) = self.all(*tags, **attributes)
        return found


class Tree(HTMLParser):
    """Fails on anything that is not closed in the order it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.stack[-1].children.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.stack.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.stack[-1].children.append(data)


def parse(document: str) -> Element:
    tree = Tree()
    tree.feed(document)
    tree.close()
    (root,) = tree.stack
    return root
