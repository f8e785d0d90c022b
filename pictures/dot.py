"""Graphviz lays out, a style sheet colours: SVG with real text, readable on a light page and on a dark one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from html import escape

# Colours are CSS only: an SVG in a README knows whether its reader likes it dark. Classes are set by the diagrams.
STYLE = """
svg {
  --text: #1f2328; --muted: #59636e; --line: #d1d9e0; --box: #f6f8fa;
  --start: #0969da; --start-box: #ddf4ff; --waits: #9a6700; --waits-box: #fff8c5;
  --ends: #1a7f37; --ends-box: #dafbe1; --fails: #cf222e; --fails-box: #ffebe9;
}
@media (prefers-color-scheme: dark) { svg {
  --text: #f0f6fc; --muted: #9198a1; --line: #3d444d; --box: #151b23;
  --start: #58a6ff; --start-box: #0c2d6b; --waits: #d29922; --waits-box: #341a00;
  --ends: #3fb950; --ends-box: #04260f; --fails: #f85149; --fails-box: #3c0614;
} }
text { font-family: Helvetica, Arial, sans-serif; fill: var(--text) }
.node :is(path, polygon, ellipse) { fill: var(--box); stroke: var(--muted) }
.cluster :is(path, polygon) { fill: none; stroke: var(--line) }
.cluster text, .edge text { fill: var(--muted) }
.edge path { stroke: var(--muted) } .edge polygon { fill: var(--muted); stroke: var(--muted) }
.node.start ellipse { fill: var(--start-box); stroke: var(--start) }
.node.waits path { fill: var(--waits-box); stroke: var(--waits) }
.node.ends :is(path, ellipse) { fill: var(--ends-box); stroke: var(--ends) }
.node.fails path { fill: var(--fails-box); stroke: var(--fails) }
.edge.caught path { stroke: var(--fails) } .edge.caught polygon { fill: var(--fails); stroke: var(--fails) }
.edge.caught text { fill: var(--fails) }
"""
DEFAULTS = (
    'graph [bgcolor="transparent", fontname="Helvetica", fontsize=13, style="rounded", pad=0.1]',
    'node [fontname="Helvetica", fontsize=13, shape="box", style="rounded,filled", margin="0.16,0.08", height=0.4]',
    'edge [fontname="Helvetica", fontsize=11, arrowsize=0.7]',
)


def graph(settings: str, statements: Iterable[str]) -> str:
    """A whole document in graphviz's language."""
    return "\n".join(("digraph {", settings, *DEFAULTS, *statements, "}"))


def node(key: str, title: str, below: str = "", **attributes: str) -> str:
    """`below` is written smaller, under the title."""
    small = f'<br/><font point-size="11">{escape(below)}</font>' if below else ""
    return f"{quoted(key)} [label=<{escape(title)}{small}>{listed(attributes)}]"


def edge(start: str, end: str, label: str = "", **attributes: str) -> str:
    """A label's lines stand one below the other."""
    return f"{quoted(start)} -> {quoted(end)} [label={quoted(label)}{listed(attributes)}]"


def cluster(key: str, title: str, statements: Iterable[str]) -> str:
    return "\n".join((f"subgraph {quoted(f'cluster {key}')} {{", f"label={quoted(title)}", *statements, "}"))


def listed(attributes: dict[str, str]) -> str:
    return "".join(f", {key}={quoted(value)}" for key, value in attributes.items())


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def svg(document: str, described: str) -> bytes:
    """Laid out by `dot`. `described` is read out to those who do not see it."""
    dot = shutil.which("dot")
    if not dot:
        raise SystemExit("no graphviz: there is no `dot` on the PATH (Debian: apt-get install graphviz)")
    made = subprocess.run([dot, "-Tsvg"], input=document, capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        raise SystemExit(f"dot refused a diagram:\n{made.stderr}")
    return styled(made.stdout, described).encode()


def styled(drawn: str, described: str) -> str:
    """Without prolog, comments (they hold graphviz's version) and the graph's own title, and with our style."""
    body = re.sub(
        r"<!--.*?-->\n?|<title>(?:%|cluster ).*?</title>\n?", "", drawn[drawn.index("<svg") :], flags=re.DOTALL
    )
    head, rest = body.split(">", 1)
    return f'{head} role="img" aria-label="{escape(described)}">\n<style>{STYLE}</style>{rest}'
