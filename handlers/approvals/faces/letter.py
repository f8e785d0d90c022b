"""A mail's body as parts, and as the two alternatives of one mail: plain text, and HTML of the same words.

A part is a paragraph of ours, in which a stranger's words are one cleaned line; a heading; a fact; lines that others
wrote; or a link.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple, TypeAlias

from handlers.contract.visible import STACKED

# Outlook removes "extra line breaks" from plain text: it joins a line to the previous one if that has about 40
# characters or more. It leaves blank lines alone, and lines that begin with two spaces, as all quoted lines do.
PARAGRAPH = "\n\n"
# Outlook for Windows knows no max-width, no white-space, and no padding and no border but a cell's; a table of its does
# not inherit the font. Elsewhere, all of the button is the link. Colours are the mail program's own, light or dark,
# but for the button's. https://www.caniemail.com/features/css-padding/
QUOTE_WIDTH = 72  # columns of plain text
WIDTHLESS = STACKED | {"Cf"}  # categories: marks and joiners
# Quoted lines may be broken between these: URLs, white space, words.
PIECE = re.compile(r"https?://[!-~]+|\s|(?:(?!https?://)\S)+")
FONT = "font: 16px/1.5 'Segoe UI', system-ui, sans-serif"
START = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<style>:root {{{{ color-scheme: light dark; supported-color-schemes: light dark; }}}}</style>
<title>{{title}}</title></head><body style="margin: 0; padding: 0">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>
<td align="center" style="padding: 8px 16px">
<!--[if mso]><table role="presentation" width="600"><tr><td><![endif]-->
<div style="max-width: 600px; text-align: left; {FONT}; overflow-wrap: anywhere; word-break: break-word">
"""
END = """</div><!--[if mso]></td></tr></table><![endif]-->
</td></tr></table></body></html>
"""
TITLE = """<h1 style="margin: 16px 0; font-size: 22px; line-height: 1.3">\
<span style="font-size: 16px; font-weight: normal">{name}:</span><br><span dir="auto">{value}</span></h1>"""
FACT = '<p style="margin: 4px 0 0"><b>{name}</b>: <span dir="auto">{value}</span></p>'
HEADING = '<h2 style="margin: 28px 0 0; font-size: 16px">{text}</h2>'
TEXT = '<p style="margin: 16px 0 0">{text}</p>'
QUOTED = f"""<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin: 8px 0 0"><tr>\
<td style="padding: 8px 12px; border-left: 3px solid #767676; background: rgba(128, 128, 128, 0.12); {FONT}">\
<div dir="auto" style="text-align: start; white-space: pre-wrap">{{lines}}</div></td></tr></table>"""
# What a narrow screen breaks goes on further in, or it would pass for a row.
ROW = '<div style="margin: 0 20px; text-indent: -20px; font-size: 14px">{line}</div>'
BUTTON = f"""<table role="presentation" cellpadding="0" cellspacing="0" style="margin: 16px 0 0"><tr>\
<td bgcolor="#2563eb" style="border-radius: 6px; background: #2563eb; mso-padding-alt: 12px 28px">\
<a href="{{url}}" ses:no-track style="display: inline-block; padding: 12px 28px; {FONT}; font-weight: bold;
 color: #ffffff; text-decoration: none">{{label}}</a></td></tr></table>
<p style="margin: 8px 0 0; font-size: 14px">{{url}}</p>"""
LINK = '<p style="margin: 8px 0 0"><a href="{url}" ses:no-track>{url}</a></p>'
WHAT = "What"
INDENT = re.compile("^ +")
NO_BREAK_SPACE = "\u00a0"


class Heading(NamedTuple):
    """A line of ours above what belongs together."""

    text: str


class Fact(NamedTuple):
    """One line that begins with its name. `What` is asked is the heading of HTML."""

    name: str
    value: str
    mark: str = ""


class Quote(NamedTuple):
    """A text that others wrote, marked as theirs."""

    text: str


class Rows(NamedTuple):
    """Lines that others wrote, as names and values, at most `QUOTE_WIDTH` wide. None may pass for another's."""

    lines: tuple[str, ...]


class Link(NamedTuple):
    """A link of ours; `label` is on the button to the page, "" where there is none."""

    url: str
    label: str = ""


Part: TypeAlias = "str | Heading | Fact | Quote | Rows | Link"


def as_text(parts: Iterable[Part]) -> str:
    return PARAGRAPH.join(filter(None, map(_text, parts)))


def as_html(title: str, parts: Iterable[Part]) -> str:
    """Nothing in it is loaded from anywhere, and only the button and a link of ours can be followed."""
    return START.format(title=escape(title)) + "\n".join(filter(None, map(_html, parts))) + END


def _text(part: Part) -> str:
    match part:
        case Heading(text):
            return text
        case Fact(name, value, mark):
            return f"{mark}{name}: {value}"
        case Quote(text):
            return _marked(wrapped(text))
        case Rows(lines):
            return _marked(lines)
        case Link(url):
            return url
    return part


def _marked(lines: Iterable[str]) -> str:
    return "\n".join(f"  | {line}".rstrip() for line in lines)


def _html(part: Part) -> str:
    match part:
        case Heading(text):
            return HEADING.format(text=escape(text))
        case Fact(name, value):
            return (TITLE if name == WHAT else FACT).format(name=escape(name), value=escape(value))
        case Quote(text):
            return QUOTED.format(lines="<br>".join(map(_line, text.split("\n"))))
        case Rows(lines):
            return QUOTED.format(lines="".join(ROW.format(line=_line(line)) for line in lines))
        case Link(url, label):
            return (BUTTON if label else LINK).format(url=escape(url), label=escape(label))
    return TEXT.format(text=escape(part.removeprefix("- ").strip())) if part else ""


def _line(text: str) -> str:
    """Indented also where white space is not kept."""
    return INDENT.sub(lambda found: NO_BREAK_SPACE * len(found[0]), escape(text))


def wrapped(text: str, width: int = QUOTE_WIDTH) -> list[str]:
    """Lines short enough that no mail client breaks them and leaves the rest unmarked.

    A longer URL stays in one piece, so that it can be opened.
    """
    return [row for line in text.split("\n") for row in _broken(line.expandtabs(), width)]


def _broken(line: str, width: int) -> Iterator[str]:
    row, used = "", 0
    for piece in _pieces(line, width):
        if row and used + columns(piece) > width:
            yield row
            row, used = "", 0
        row, used = row + piece, used + columns(piece)
    yield row


def _pieces(line: str, width: int) -> Iterator[str]:
    for found in PIECE.findall(line):
        if columns(found) <= width or found.startswith(("http://", "https://")):
            yield found
        else:
            yield from found  # letter by letter


def columns(text: str) -> int:
    """The width in columns: Chinese, Japanese and Korean characters and emoji take two."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(
        0 if unicodedata.category(one) in WIDTHLESS else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )
