"""All pictures: what each is called, what it is drawn from, and who draws it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from pictures import dot, machine, pages, resources, terminal
from pictures.browser import DEVICES, WINDOW, Scheme, photograph
from sandbox.deploy import PROJECT

IMAGES = PROJECT / "docs/images"
RECORDED = IMAGES / "drawn.json"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """`draw` makes a picture of `drawn`, a document, in a few seconds. `look` is what else can be seen in it."""

    name: str
    drawn: Callable[[], str]
    draw: Callable[[str], bytes]
    look: str

    def digest(self) -> str:
        """Of what is drawn, without comments and indentation."""
        seen = re.sub(r"/\*.*?\*/", "", self.drawn() + self.look, flags=re.DOTALL)
        return hashlib.sha256(" ".join(seen.split()).encode()).hexdigest()[:16]


def diagram(name: str, drawn: Callable[[], str], described: str) -> Picture:
    return Picture(name=name, drawn=drawn, draw=lambda document: dot.svg(document, described), look=dot.STYLE)


def photo(name: str, drawn: Callable[[], str], device: str, scheme: Scheme) -> Picture:
    return Picture(
        name=name,
        drawn=drawn,
        draw=lambda document: photograph(document, DEVICES[device], scheme),
        look=f"{scheme} {WINDOW | DEVICES[device]}",
    )


ALBUM = [
    diagram(
        "state-machine.svg",
        lambda: machine.document(machine.definition()),
        "The workflow's states and what leads from one to the next",
    ),
    diagram(
        "resources.svg",
        lambda: resources.document(resources.recorded()),
        "The stack's resources, and which of them may call which",
    ),
    Picture(
        name="operate.svg",
        drawn=terminal.document,
        draw=lambda document: terminal.svg(document, "What list, show and doctor print"),
        look="",
    ),
    *(
        photo(f"page-{state}-{device}-{scheme}.png", pages.page(state), device, scheme)
        for state, device, scheme in pages.SHOWN
    ),
    photo("mail.png", pages.text_mail, "mail", "light"),
    photo("mail-html.png", pages.html_mail_in_a_window, "mail", "light"),
    photo("mail-html-phone-dark.png", pages.html_mail, "phone", "dark"),
]
