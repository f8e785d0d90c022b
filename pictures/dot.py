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
text { font-family: Helvetica, Arial, sans-serif; fill: #1f2328 }
.node path, .node polygon, .node ellipse { fill: #f6f8fa; stroke: #59636e }
.cluster path, .cluster polygon { fill: none; stroke: #d1d9e0 }
.cluster text, .edge text { fill: #59636e }
.edge path { stroke: #59636e } .edge polygon { fill: #59636e; stroke: #59636e }
.people path, .start ellipse { fill: #ddf4ff; stroke: #0969da }
.waits path { fill: #fff8c5; stroke: #9a6700 }
.ends ellipse, .ends path { fill: #dafbe1; stroke: #1a7f37 }
.fails path { fill: #ffebe9; stroke: #cf222e }
.caught path { stroke: #cf222e } .caught polygon { fill: #cf222e; stroke: #cf222e } .caught text { fill: #cf222e }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .node path, .node polygon, .node ellipse { fill: #151b23; stroke: #9198a1 }
  .cluster path, .cluster polygon { stroke: #3d444d }
  .cluster text, .edge text { fill: #9198a1 }
  .edge path { stroke: #9198a1 } .edge polygon { fill: #9198a1; stroke: #9198a1 }
  .people path, .start ellipse { fill: #0c2d6b; stroke: #58a6ff }
  .waits path { fill: #341a00; stroke: #d29922 }
  .ends ellipse, .ends path { fill: #04260f; stroke: #3fb950 }
  .fails path { fill: #3c0614; stroke: #f85149 }
  .caught path { stroke: #f85149 } .caught polygon { fill: #f85149; stroke: #f85149 } .caught text { fill: #f85149 }
}
"""
DEFAULTS = (
    'graph [bgcolor="transparent", fontname="Helvetica", fontsize=13, style="rounded", pad=0.1]',
    'node [fontname="Helvetica", fontsize=13, shape="box", style="rounded,filled", margin="0.16,0.08", height=0.4]',
    'edge [fontname="Helvetica", fontsize=11, arrowsize=0.7]',
)


class NoGraphvizError(RuntimeError):
    """There is no `dot` to lay a diagram out with, or it refused one."""


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
    """Laid out by `dot`. `described` is read out to those who do not see it. Raises NoGraphvizError."""
    dot = shutil.which("dot")
    if not dot:
        raise NoGraphvizError("no graphviz: there is no `dot` on the PATH (Debian: apt-get install graphviz)")
    made = subprocess.run([dot, "-Tsvg"], input=document, capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        raise NoGraphvizError(f"dot refused a diagram:\n{made.stderr}")
    return styled(made.stdout, described).encode()


def styled(drawn: str, described: str) -> str:
    """Without prolog, comments (they hold graphviz's version) and the graph's own title, and with our style."""
    body = re.sub(
        r"<!--.*?-->\n?|<title>(?:%|cluster ).*?</title>\n?", "", drawn[drawn.index("<svg") :], flags=re.DOTALL
    )
    head, rest = body.split(">", 1)
    return f'{head} role="img" aria-label="{escape(described)}">\n<style>{STYLE}</style>{rest}'
