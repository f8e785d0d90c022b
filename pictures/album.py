"""All pictures: what each is called, what it is drawn from, and who draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pictures import demo, live, machine, mail, pages, resources
from pictures.browser import browser
from pictures.sources import Sources

OURS, FACES = "pictures/", "handlers/approvals/faces/"
VISIBLE = "handlers/contract/visible.py"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Pictures that are drawn together. `draw` gives each by its file's name, and takes seconds."""

    names: tuple[str, ...]
    sources: Sources
    draw: Callable[[], Iterable[tuple[str, bytes]]]


def draw_pages() -> Iterator[tuple[str, bytes]]:
    with browser() as launched:
        yield from pages.pictures(launched)


def draw_mail() -> Iterator[tuple[str, bytes]]:
    with browser() as launched:
        yield mail.NAME, mail.picture(launched)


GROUPS = (
    Group(
        names=tuple(pages.NAMES),
        sources=Sources(
            modules=("pictures/pages.py",),
            within=(OURS, FACES, VISIBLE),
            others=("handlers/approvals/faces/style.css",),
        ),
        draw=draw_pages,
    ),
    Group(
        names=(mail.NAME,),
        sources=Sources(modules=("pictures/mail.py",), within=(OURS, FACES, VISIBLE), others=("pictures/mail.html",)),
        draw=draw_mail,
    ),
    Group(
        names=(machine.NAME,),
        sources=Sources(modules=("pictures/machine.py",), within=(OURS, "infra/asl.py", "handlers/contract/")),
        draw=lambda: [(machine.NAME, machine.picture())],
    ),
    Group(
        names=(resources.NAME,),
        sources=Sources(
            modules=("pictures/resources.py",),
            within=(OURS, "sandbox/registered.py"),
            drawn=lambda: resources.document(resources.recorded()),
        ),
        draw=lambda: [(resources.NAME, resources.picture())],
    ),
    Group(
        names=(demo.NAME,),
        # What it prints of its own, and the mail.
        sources=Sources(
            modules=("pictures/demo.py", "sandbox/__main__.py", "handlers/approvals/faces/mail.py"),
            within=(OURS, "sandbox/__main__.py", "sandbox/demo.py", "sandbox/timeline.py", FACES, VISIBLE),
        ),
        draw=lambda: [(demo.NAME, demo.picture())],
    ),
    Group(
        names=(live.NAME,),
        sources=Sources(
            modules=("pictures/live.py",),
            within=(OURS, "sandbox/session.py", "sandbox/inbox.py", "sandbox/page/"),
            others=("sandbox/page/*.css", "sandbox/page/*.js"),
        ),
        draw=lambda: [(live.NAME, live.picture())],
    ),
)
