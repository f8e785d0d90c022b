"""A bar chart as SVG, readable on a light page and on a dark one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LABELS, VALUES = 760, 190, 90  # pixels: in total, left of the bars, right of them
BAR, GAP, ROW_GAP, HEAD = 13, 3, 14, 34
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.p95 { stroke: #1f2328; }
.bar0 { fill: #0969da; } .bar1 { fill: #bc4c00; } .bar2 { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .p95 { stroke: #e6edf3; }
  .bar0 { fill: #58a6ff; } .bar1 { fill: #f0883e; } .bar2 { fill: #6e7681; }
}
"""


@dataclass(frozen=True)
class Bar:
    """`value` is drawn as a bar, `p95` as a line to it; `series` is the number of its colour, 0 to 2."""

    series: int
    value: float
    p95: float


@dataclass(frozen=True)
class Panel:
    """Rows of bars with one scale; `unit` follows each value."""

    title: str
    unit: str
    rows: Sequence[tuple[str, Sequence[Bar]]]


def svg(legend: Sequence[str], panels: Sequence[Panel]) -> str:
    """`legend` names the series, in the order of their numbers."""
    body: list[str] = []
    left, top = 0, float(HEAD)
    for series, name in enumerate(legend):
        body.append(f'<rect class="bar{series}" x="{left}" y="4" width="{BAR}" height="{BAR}"/>')
        body.append(f'<text x="{left + BAR + 5}" y="15">{escape(name)}</text>')
        left += BAR + 30 + 7 * len(name)
    body.append(f'<text x="{WIDTH}" y="15" text-anchor="end">bar: median, line: 95th percentile</text>')
    for panel in panels:
        drawn, top = draw(panel, top)
        body += drawn
    names = escape("; ".join(panel.title for panel in panels), {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" role="img" aria-label="{names}">\n'
        f"<style>{STYLE}</style>\n" + "\n".join(body) + "\n</svg>\n"
    )


def draw(panel: Panel, top: float) -> tuple[list[str], float]:
    """The elements, and where the next panel begins."""
    longest = max(max(bar.value, bar.p95) for _, bars in panel.rows for bar in bars) or 1
    scale = (WIDTH - LABELS - VALUES) / longest
    drawn = [f'<text class="title" x="0" y="{top + 12:.1f}">{escape(panel.title)}</text>']
    top += 24
    for label, bars in panel.rows:
        height = len(bars) * (BAR + GAP)
        drawn.append(f'<text x="0" y="{top + height / 2 + 2:.1f}">{escape(label)}</text>')
        for bar in bars:
            end, middle = LABELS + bar.value * scale, top + BAR / 2
            farthest = LABELS + max(bar.value, bar.p95) * scale
            shape = f'x="{LABELS}" y="{top:.1f}" width="{bar.value * scale:.1f}" height="{BAR}"'
            line = f'x1="{end:.1f}" x2="{LABELS + bar.p95 * scale:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"'
            drawn += [
                f'<rect class="bar{bar.series}" {shape}/>',
                f'<line class="p95" {line}/>',
                f'<text x="{farthest + 6:.1f}" y="{top + 11:.1f}">{bar.value:,.0f} {escape(panel.unit)}</text>',
            ]
            top += BAR + GAP
        top += ROW_GAP
    return drawn, top
