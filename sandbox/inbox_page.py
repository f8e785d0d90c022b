"""The inbox's pages: plain HTML, no script. Every value that comes from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

RELOAD_SECONDS = 4
LINK = re.compile(r"https?://[^\s<>\"']+")

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent) }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.4rem; margin: 0 }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: baseline; justify-content: space-between }
article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: 1rem }
article h2 { font-size: 1.1rem; margin: 0 0 .25rem; overflow-wrap: anywhere }
article p { margin: 0 }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: .75rem 0 0 }
.quiet { opacity: .75 }
label { display: block; margin: 1rem 0 .25rem }
input, textarea { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem }
button { font: inherit; margin-top: 1rem; padding: .6rem 1.2rem }
"""


def mail(messages: Sequence[dict[str, str]]) -> str:
    """Newest first: what a person waits for is on top."""
    shown = "".join(article(message) for message in reversed(messages))
    empty = '<p class="quiet">No mail yet. Ask for an approval, and the approvers are written to.</p>'
    return page(
        f"Inbox ({len(messages)})",
        '<header><h1>Inbox</h1><a href="/ask">Ask for an approval</a></header>'
        '<p class="quiet">What the approvers were sent. The page reloads itself.</p>'
        f"<main>{shown or empty}</main>",
        f'<meta http-equiv="refresh" content="{RELOAD_SECONDS}">',
    )


def article(message: dict[str, str]) -> str:
    received = escape(message["receivedAt"])
    return (
        f"<article><h2>{escape(message['subject'])}</h2>"
        f'<p class="quiet">To {escape(message["to"])}, <time datetime="{received}">{received}</time></p>'
        f"<pre>{linked(message['body'])}</pre></article>"
    )


def linked(text: str) -> str:
    """Escaped, and with every address a link."""
    parts, end = [], 0
    for match in LINK.finditer(text):
        address = escape(match.group())
        parts += [escape(text[end : match.start()]), f'<a href="{address}" rel="noreferrer">{address}</a>']
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def ask() -> str:
    return page(
        "Ask for an approval",
        '<header><h1>Ask for an approval</h1><a href="/">Inbox</a></header>'
        '<main><form method="post" action="/requests">'
        '<label for="title">What shall be approved?</label>'
        '<input id="title" name="title" required maxlength="200" autofocus>'
        '<label for="details">Details</label><textarea id="details" name="details" rows="5"></textarea>'
        '<label for="requestedBy">Your e-mail address</label>'
        '<input id="requestedBy" name="requestedBy" type="email" value="dana@example.com">'
        "<button>Start the workflow</button></form></main>",
    )


def problem(words: str) -> str:
    return page("Inbox", f'<header><h1>Inbox</h1><a href="/">Back</a></header><main><p>{escape(words)}</p></main>')


def page(title: str, content: str, head: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"{head}<title>{escape(title)}</title><style>{STYLE}</style></head><body>{content}</body></html>"
    )
